import * as fc from 'fast-check'
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
    [
      JSON.stringify({ ErrorCode: 'Forbidden', Message: intune.replaceAll('An error', 'Another error') }),
      'Another error has occurred',
    ],
    ['Gone: 7829b5ca-a26c-4d51-8b3f-a139646f4eb3, _Activity ID: 1a2b', 'Gone: …, _Activity ID: 1a2b'],
    ['<!DOCTYPE html><html><body class="x"><h1>502</h1><hr/>nginx</body></html>', '502 nginx'],
    ['of type Collection(Edm.String), Nullable<Edm.Int32>', 'of type Collection(Edm.String), Nullable<Edm.Int32>'],
    ['at *.manage.microsoft.com, a_b.fef.x.svc:8443/y, 10.0.12.7:443', 'at *…, … …'],
    ['1https://x.example and //y.example.org/z', '… and //…'],
    ['at a.com, b.internal., c.example.org and d.e', 'at …, …., … and d.e'],
    ["type 'x-microsoft.graph.y' or 'microsoft.graph.y z'", "type '…' or '…'"],
    ['', undefined],
    [' - Url: https://x', undefined],
  ])('%j is told as %j', (message, told) => {
    expect(cleanMessage(message, []).told).toBe(told)
  })

  it('is told in 500 characters at most', () => {
    expect(cleanMessage('xy '.repeat(5000), []).told).toHaveLength(500)
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
    expect(cleanMessage(message, [name, 'x']).told).not.toMatch(/hara|ada/i)
  })

  it.each([
    ['as JSON escapes it', 'O\\u0027Hara'],
    ['as JSON escapes it, in capitals', 'O\\u0027\\u0048ara'],
    ['with a backslash', "O\\'Hara"],
    ['as HTML escapes it', 'O&#39;Hara'],
    ['as HTML escapes it, in hexadecimal', 'O&#x27;Hara'],
    ['as HTML escapes it, by name', 'O&apos;Hara'],
    ['as a URL escapes it', 'O%27Hara'],
    ['in other letters', "o'HARA"],
  ])('are hidden %s, with no quotes around', (_, printed) => {
    expect(cleanMessage(`Bad value ${printed} here.`, ["O'Hara"]).told).toBe('Bad value … here.')
  })

  it('are hidden in signs of several bytes, as a URL escapes them', () => {
    expect(cleanMessage('Bad value J%C3%B6rg here.', ['Jörg']).told).toBe('Bad value … here.')
    expect(cleanMessage('Bad value 100%zz %ff here.', ['Jörg']).told).toBe('Bad value 100%zz %ff here.')
  })

  it('are hidden at the very beginning, the longer one first', () => {
    expect(cleanMessage('Ada Lovelace is no name.', ['Ada', 'Ada Lovelace']).told).toBe('… is no name.')
  })

  it('are hidden from three letters on', () => {
    expect(cleanMessage('Bad value abc or ab.', ['abc', 'ab']).told).toBe('Bad value … or ab.')
  })

  it('have no escape for a sign that there is not', () => {
    expect(cleanMessage('Bad value a&#x110000;b, a&#x10ffff;b.', []).told).toBe('Bad value ab, a\u{10ffff}b.')
  })

  it('are hidden where they are quoted and cut short', () => {
    expect(
      cleanMessage("The name 'Ada Lovelaces private te...' is too long.", ['Ada Lovelaces private telephone']).told,
    ).toBe("The name '…' is too long.")
  })
})

describe('the values that were sent, again', () => {
  const value = "Ada Lovelace's private telephone, the old one"

  it.each([
    ['with a sign that cannot be seen', `Bad ${value.replace('Love', 'Lo\u200bve')}.`],
    ['over two lines', `Bad ${value.replace(' ', '\r\n')}.`],
    ['with an apostrophe doubled', `Bad ${value.replaceAll("'", "''")}.`],
    ['with another sign that cannot be seen than was sent', `Bad \u2066${value}\u2069.`],
  ])('are hidden %s', (_, message) => {
    const { onRecord, told } = cleanMessage(message, [value])

    expect([told, onRecord]).toEqual(['Bad ….', 'Bad ….'])
  })

  it('are hidden, most of them, where they are cut short', () => {
    expect(cleanMessage(`Too long: ${value.slice(0, 40)}...`, [value]).told).not.toMatch(/lovelace|private/i)
  })
})

describe('whatever stands in a message', () => {
  const guid = fc.uuid()
  const host = fc
    .tuple(fc.stringMatching(/^[a-z0-9_-]{0,12}$/), fc.constantFrom('', '.', '*.', 'fef.amsua0102.', "'", '(', '_'))
    .map(([before, sub]) => `${before}${sub}manage.microsoft.com`)
  const url = fc
    .tuple(fc.constantFrom('https', 'HTTP', '1http', 'x-y'), host)
    .map(([scheme, at]) => `${scheme}://${at}/a?b=c`)
  const label = fc.constantFrom(
    'Activity ID: ',
    ' - Operation ID (for customer support): ',
    'activityId=',
    ' - Url: ',
    '"',
  )
  const part = fc.oneof(
    guid,
    host,
    url,
    label,
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('\r\n', '<b>', "'"),
  )
  const message = fc
    .tuple(fc.array(part, { maxLength: 12 }), fc.nat(3))
    .map(([parts, depth]) =>
      Array.from({ length: depth }).reduce(
        (text: string) => JSON.stringify({ _version: 3, Message: text }),
        parts.join(' '),
      ),
    )

  it('no host of Intune, no URL, no GUID, no control character and no more than 500 characters are told', () => {
    fc.assert(
      fc.property(message, (text) => {
        const { onRecord = '', told = '' } = cleanMessage(text, [])

        expect(told).not.toMatch(/manage\.microsoft\.com|:\/\/|[\da-f]{8}-[\da-f]{4}-[\da-f]{4}/i)
        expect(told + onRecord).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        expect(told.length).toBeLessThanOrEqual(500)
        expect(onRecord.length).toBeLessThanOrEqual(1_000)
        expect((told + onRecord).isWellFormed()).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('no value that was sent is told, in either form', () => {
    const value = fc
      .stringMatching(/^[A-Za-z]{6,12}[A-Za-z' "\\&%<]{0,60}[A-Za-z]{3}$/)
      .filter((text) => !/amp|quot|code/.test(text))
    fc.assert(
      fc.property(value, message, fc.constantFrom(JSON.stringify, encodeURIComponent, String), (sent, text, print) => {
        const { onRecord = '', told = '' } = cleanMessage(`${text} ${print(sent)} ${text}`, [sent])

        expect(told.toLowerCase()).not.toContain(sent.toLowerCase())
        expect(onRecord.toLowerCase()).not.toContain(sent.toLowerCase())
      }),
      { numRuns: 500 },
    )
  })
})

describe('a credential', () => {
  it.each(['Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw', `sig=${'A'.repeat(43)}=`])(
    'in a message is left out: %s',
    (text) => {
      expect(cleanMessage(`Rejected ${text}, sorry`, []).told).toMatch(
        /^Rejected (?:Bearer )?…,? ?sorry$|^Rejected sig=…, sorry$/,
      )
    },
  )
})

describe('a message without end', () => {
  it.each(['x ', 'a.', 'a-', `"'`, '@', '%41', '&#', '\\u00'])('(%s…) has no more than 500 characters told', (part) => {
    const values = ['(a+)+$'.repeat(600), 'a'.repeat(4_096), "'".repeat(4_096), `${'x '.repeat(2_000)}!`]

    expect((cleanMessage(part.repeat(80_000), values).told ?? '').length).toBeLessThanOrEqual(500)
  })

  it.each([4_070, 8_180, 16_370, 100_000])('is not cut (after %i) through a value that was sent', (length) => {
    for (const filling of [' ', 'a', '&amp;']) {
      const message = `Bad https://h/${filling.repeat(length)} Device Name value is wrong`

      expect(cleanMessage(message, ['Device Name value']).onRecord ?? '').not.toMatch(/Devi/)
    }
  })
})
