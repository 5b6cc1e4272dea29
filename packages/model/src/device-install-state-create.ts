import type * as t from 'io-ts'
import { DateTimeOffset } from './date-time-offset.js'
import { DescribedType, text } from './described-type.js'
import { InstallState } from './install-state.js'
import { nullable } from './nullable.js'
import { optional, record, required } from './record.js'

/** The `@odata.type` of a deviceInstallState. */
export const deviceInstallStateType = '#microsoft.graph.deviceInstallState'

/**
 * The body of a create, as a caller sends it. The six strings must be there and may be null; `installState` and
 * `lastSyncDateTime` must be there and may not; `id` and `@odata.type` may be left out. That is the page's table, its
 * example (which has no `id`) and the metadata read together.
 */
export interface DeviceInstallStateCreate {
  readonly '@odata.type'?: typeof deviceInstallStateType
  readonly id?: string
  readonly deviceName: string | null
  readonly deviceId: string | null
  readonly lastSyncDateTime: DateTimeOffset
  readonly installState: InstallState
  readonly errorCode: string | null
  readonly osVersion: string | null
  readonly osDescription: string | null
  readonly userName: string | null
}

const ODataType: DescribedType<typeof deviceInstallStateType> = new DescribedType(
  'ODataType',
  (u): u is typeof deviceInstallStateType => u === deviceInstallStateType,
  { mismatch: 'enum', expected: deviceInstallStateType },
)

/**
 * Any other property is refused, annotations included: Intune answers 400 to undeclared ones, and `@odata.bind` would
 * reach other entities. The length of strings is not checked: the metadata has no MaxLength.
 */
export const DeviceInstallStateCreate: t.Type<DeviceInstallStateCreate> = record<DeviceInstallStateCreate>(
  'DeviceInstallStateCreate',
  {
    '@odata.type': optional(ODataType),
    id: optional(text),
    deviceName: required(nullable(text)),
    deviceId: required(nullable(text)),
    lastSyncDateTime: required(DateTimeOffset),
    installState: required(InstallState),
    errorCode: required(nullable(text)),
    osVersion: required(nullable(text)),
    osDescription: required(nullable(text)),
    userName: required(nullable(text)),
  },
  'refuse',
)
