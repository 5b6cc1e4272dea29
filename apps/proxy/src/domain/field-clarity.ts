import type { DeviceInstallStateCreate } from '@device-install-state/model'
import { deviceInstallStateFields } from '@device-install-state/model/fields'

const clear: ReadonlySet<string> = new Set(
  Object.entries(deviceInstallStateFields)
    .filter(([, field]) => field.class === 'enum' || field.class === 'timestamp')
    .map(([name]) => name),
)

/** May the value of this property stand in records and logs as it is? Enums and timestamps tell nothing of anyone. */
export const isClear = (name: string): boolean => clear.has(name)

/** The values of a body that may stand in no record, log or error as they are. */
export const hiddenValuesOf = (body: DeviceInstallStateCreate): ReadonlyArray<string> =>
  Object.entries(body)
    .filter(([name, value]) => !isClear(name) && typeof value === 'string' && value !== '')
    .map(([, value]: [string, string]) => value)
