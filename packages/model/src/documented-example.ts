import { createManagedEBookDeviceState } from './operation.js'

const common = {
  deviceName: 'Device Name value',
  deviceId: 'Device Id value',
  lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00',
  installState: 'installed',
  errorCode: 'Error Code value',
  osVersion: 'Os Version value',
  osDescription: 'Os Description value',
  userName: 'User Name value',
}

const odataType = { '@odata.type': '#microsoft.graph.deviceInstallState' }

const print = (value: unknown): string => JSON.stringify(value, null, 2).replaceAll('\n', '\r\n')

/**
 * The example of Graph's page, byte for byte: two blanks of indentation, CRLF, no line end at the end, which makes the
 * 374 and 423 bytes that the page states as Content-Length.
 */
export const documentedExample = {
  source: createManagedEBookDeviceState.documentation,
  request: print({ ...odataType, ...common }),
  response: print({ ...odataType, id: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', ...common }),
} as const
