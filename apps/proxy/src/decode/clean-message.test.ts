import { describe, expect, it } from 'vitest'
import { cleanMessage } from './clean-message.js'

const intune = JSON.stringify(
  {
    _version: 3,
    Message:
      'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 1a2b - Url: https://fef.amsua0102.manage.microsoft.com/DeviceFE/x?api-version=1',
    CustomApiErrorPhrase: '',
    HttpHeaders: '{}',
  },
  null,
  2,
).replaceAll('\n', '\r\n')

describe('a message of Graph', () => {
  it.each([
    ['Resource not found.', 'Resource not found.'],
    [intune, 'An error has occurred'],
    [
      'Application is not authorized - Operation ID (for customer support): 0 - Activity ID: x - Url: https://x',
      'Application is not authorized',
    ],
    ['see https://fef.x.manage.microsoft.com/y?z, please', 'see … please'],
    ['host fef.amsua0102.manage.microsoft.com is down', 'host … is down'],
    ['two\r\nlines\u0000\u202e', 'two lines'],
    ['Activity ID: 6f4d; mail ada@contoso.example, host a.b.sharepoint.com/x; Activity ID: 1', undefined],
    ['mail ada@contoso.example to a.b.sharepoint.com/x; Activity ID: 1', 'mail … to …'],
    [
      "The property 'x y' does not exist on type 'microsoft.management.services.api.y'.",
      "The property '…' does not exist on type 'microsoft.management.services.api.y'.",
    ],
    [
      "Cannot convert a value to 'Edm.String' for \"deviceName\": it doesn't fit, it can't.",
      "Cannot convert a value to 'Edm.String' for \"deviceName\": it doesn't fit, it can't.",
    ],
    ['', undefined],
    [' - Url: https://x', undefined],
  ])('%j is told as %j', (message, told) => {
    expect(cleanMessage(message, [])).toBe(told)
  })

  it('is told in 500 characters at most', () => {
    expect(cleanMessage('xy '.repeat(5000), [])).toHaveLength(500)
  })
})

describe('the values that were sent', () => {
  const name = 'O\'Hara (Ada) [7] $& \\ "x"'

  it.each([
    `Bad value ${name}.`,
    `Bad value ${name.toUpperCase()}.`,
    `Bad value 'MARK ${name.replaceAll("'", "''")}'.`,
    `Bad value ${JSON.stringify(name)}.`,
    `{"reason":${JSON.stringify(`Bad ${name}`)}}`,
    `Bad value ${encodeURIComponent(name)}.`,
    'Bad value "O\\u0027Hara (Ada) [7] $\\u0026 \\\\ \\u0022x\\u0022".',
    'Bad value O&#39;Hara (Ada) [7] $&amp; \\ &quot;x&quot; here.',
  ])('are hidden however they are printed: %s', (message) => {
    expect(cleanMessage(message, [name, 'x'])).not.toMatch(/hara|ada/i)
  })

  it('are hidden where they are quoted and cut short', () => {
    expect(
      cleanMessage("The name 'Ada Lovelaces private te...' is too long.", ['Ada Lovelaces private telephone']),
    ).toBe("The name '…' is too long.")
  })
})

describe('a credential', () => {
  it.each(['Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw', `sig=${'A'.repeat(43)}=`])(
    'in a message is left out: %s',
    (text) => {
      expect(cleanMessage(`Rejected ${text}, sorry`, [])).toMatch(
        /^Rejected (?:Bearer )?…,? ?sorry$|^Rejected sig=…, sorry$/,
      )
    },
  )
})

describe('a message without end', () => {
  it.each(['x ', 'a.', 'a-', `"'`, '@', '%41', '&#', '\\u00'])('(%s…) has no more than 500 characters told', (part) => {
    const values = ['(a+)+$'.repeat(600), 'a'.repeat(4_096)]

    expect((cleanMessage(part.repeat(80_000), values) ?? '').length).toBeLessThanOrEqual(500)
  })

  it.each([4_070, 8_180, 16_370, 100_000])('is not cut (after %i) through a value that was sent', (length) => {
    for (const filling of [' ', 'a', '&amp;']) {
      const message = `Bad https://h/${filling.repeat(length)} Device Name value is wrong`

      expect(cleanMessage(message, ['Device Name value']) ?? '').not.toMatch(/Devi/)
    }
  })
})
