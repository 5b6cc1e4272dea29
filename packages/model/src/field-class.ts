import type { DeviceInstallStateCreate } from './device-install-state-create.js'

/**
 * How sensitive a property is, for whoever logs or stores it: `personal` names or leads to a person, `identifier`
 * names a thing, `text` is free text, `enum` and `timestamp` tell nothing of anyone by themselves.
 */
export type FieldClass = 'identifier' | 'enum' | 'timestamp' | 'personal' | 'text'

/** The class of each property of the body. Adding a property without a class does not compile. */
export const fieldClasses: { readonly [K in keyof DeviceInstallStateCreate]-?: FieldClass } = {
  '@odata.type': 'enum',
  id: 'identifier',
  deviceName: 'personal',
  deviceId: 'identifier',
  lastSyncDateTime: 'timestamp',
  installState: 'enum',
  errorCode: 'text',
  osVersion: 'text',
  osDescription: 'text',
  userName: 'personal',
}
