import { deviceInstallStateFields } from './device-install-state-fields.js'

// The examples of the fields are those of the page, whose own examples have no `@odata.context`.
const print = (...without: ReadonlyArray<string>): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(deviceInstallStateFields).flatMap(([name, { example }]) =>
        without.includes(name) ? [] : [[name, example]],
      ),
    ),
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
  request: print('@odata.context', 'id'),
  response: print('@odata.context'),
}
