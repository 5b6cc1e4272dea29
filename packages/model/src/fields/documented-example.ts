import { deviceInstallStateFields } from './device-install-state-fields.js'

/** The properties in the page's examples; the request's has no `id`. What is documented later is in neither. */
const inTheExamples = [
  '@odata.type',
  'id',
  'deviceName',
  'deviceId',
  'lastSyncDateTime',
  'installState',
  'errorCode',
  'osVersion',
  'osDescription',
  'userName',
] as const

const print = (names: ReadonlyArray<(typeof inTheExamples)[number]>): string =>
  JSON.stringify(
    Object.fromEntries(names.map((name) => [name, deviceInstallStateFields[name].example])),
    null,
    2,
  ).replaceAll('\n', '\r\n')

/**
 * The example of Graph's page, byte for byte: two blanks of indentation, CRLF, no line end at the end, which makes the
 * 374 and 423 bytes that the page states as Content-Length.
 */
export const documentedExample: {
  readonly source: string
  readonly request: string
  readonly response: string
} = {
  source: 'https://learn.microsoft.com/graph/api/intune-books-deviceinstallstate-create',
  request: print(inTheExamples.filter((name) => name !== 'id')),
  response: print(inTheExamples),
}
