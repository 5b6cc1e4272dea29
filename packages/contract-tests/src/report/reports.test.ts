import { XMLParser, XMLValidator } from 'fast-xml-parser'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  breaking,
  compatible,
  isKept,
  jsonCouldNotRun,
  jsonReport,
  junitCouldNotRun,
  junitReport,
  markdownCouldNotRun,
  markdownReport,
  type Report,
  ReportInJson,
  type Result,
  tellReport,
  tellResult,
  verdictOf,
} from './index.js'

const result = (change: Partial<Result> = {}): Result => ({
  group: 'createManagedEBookDeviceState, beta',
  name: 'a body is refused',
  findings: [],
  durationInMs: 12.5,
  ...change,
})

const broken = result({
  name: 'a body without deviceName is refused',
  findings: [
    breaking('/request/body/deviceName', 'a refusal', 'taken: 201', 'It should be refused.'),
    compatible('/answer/body/id', 'what was sent', 'another one'),
  ],
  reproduce: `curl -i "$TARGET"'/beta'`,
})
const skipped = result({ name: 'not asked', skipped: 'It might create something.' })

const report = (results: ReadonlyArray<Result>): Report => ({
  title: 'The contract of the gateway',
  subject: 'http://127.0.0.1:8080',
  startedAt: new Date('2026-01-15T09:30:00Z'),
  durationInMs: 1500,
  results,
  notes: ['Nothing was created.'],
})

const look = { colours: false }

/** Text as an attacker, or a broken answer, may have it. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '<script>',
    ']]>',
    '`|`',
    '@everyone',
    '\u001b[31m',
    '[x](http://y)',
    '```',
    '| a |',
    '\r\n# x',
    '\uD800',
  ),
)

const anyResult: fc.Arbitrary<Result> = fc
  .record({
    group: anyText,
    name: anyText,
    pointer: anyText,
    expected: anyText,
    found: anyText,
    hint: fc.option(anyText),
    reproduce: fc.option(anyText),
    isBreaking: fc.boolean(),
  })
  .map(({ expected, found, group, hint, isBreaking, name, pointer, reproduce }) =>
    result({
      group,
      name,
      findings: [(isBreaking ? breaking : compatible)(pointer, expected, found, hint ?? undefined)],
      ...(reproduce === null ? {} : { reproduce }),
    }),
  )

describe('a verdict', () => {
  it('is broken by what breaks, kept in spite of what is compatible, and skipped where nothing was looked at', () => {
    expect([broken, result(), result({ findings: [compatible('/x', 'a', 'b')] }), skipped].map(verdictOf)).toEqual([
      'broken',
      'kept',
      'kept',
      'skipped',
    ])
  })

  it('is not kept by a run that looked at nothing', () => {
    expect([[], [skipped], [result()], [result(), broken]].map((results) => isKept({ results }))).toEqual([
      false,
      false,
      true,
      false,
    ])
  })
})

describe('the JUnit report', () => {
  const parse = (xml: string): unknown => new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' }).parse(xml)

  it('has a suite for each group, and says of what is broken where, what was expected and what was found', () => {
    expect(parse(junitReport(report([broken, result(), skipped, result({ group: 'drawn' })])))).toMatchObject({
      testsuites: {
        tests: '4',
        failures: '1',
        skipped: '1',
        time: '1.500',
        testsuite: [
          {
            name: 'createManagedEBookDeviceState, beta',
            tests: '3',
            testcase: [
              {
                name: 'a body without deviceName is refused',
                time: '0.013',
                failure: {
                  message: '/request/body/deviceName: expected a refusal, found taken: 201. It should be refused.',
                  '#text': expect.stringContaining('curl -i'),
                },
                'system-out': '/answer/body/id: expected what was sent, found another one.',
              },
              { name: 'a body is refused' },
              { skipped: { message: 'It might create something.' } },
            ],
          },
          { name: 'drawn', tests: '1', failures: '0' },
        ],
      },
    })
  })

  it('is an error where nothing could be said', () => {
    expect(parse(junitCouldNotRun('Nobody <listens>.'))).toMatchObject({
      testsuites: { errors: '1', testsuite: { testcase: { error: { message: 'Nobody <listens>.' } } } },
    })
  })

  it('is XML, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { maxLength: 4 }), (results) => {
        const xml = junitReport(report(results))
        expect(XMLValidator.validate(xml)).toBe(true)
        // What XML 1.0 forbids even as a reference.
        expect(xml).not.toMatch(/(?![\t\n\r])[\p{Cc}\uFFFE\uFFFF]/u)
      }),
    )
  })
})

describe('the Markdown report', () => {
  it('says in a pull request which property at which pointer broke the contract', () => {
    const text = markdownReport(report([broken, result()]))

    expect(text).toContain('## ❌ Contract broken')
    expect(text).toContain('| `/request/body/deviceName` | a refusal | taken&#58; 201 | It should be refused. |')
    expect(text).toContain(`\`\`\`sh\ncurl -i "$TARGET"'/beta'\n\`\`\``)
    expect(text).toContain('<details><summary>Compatible differences: 1</summary>')
  })

  it('says so when all is kept, and when nothing could be said', () => {
    expect(markdownReport(report([result()]))).toContain('## ✅ Contract kept')
    expect(markdownCouldNotRun('Nobody listens.')).toContain(
      'could not run\n\nNothing can be said of the contract. Nobody',
    )
  })

  it('has nothing in it that others wrote as markup, a mention, a link or another row', () => {
    fc.assert(
      fc.property(anyResult, (one) => {
        const lines = markdownReport(report([{ ...one, name: one.name, findings: one.findings }]))
          .split('\n')
          .filter((line) => line.startsWith('| `'))
        expect(lines).toHaveLength(one.findings.length)
        for (const line of lines) {
          const withoutCode = line.replaceAll(/(`+)(?:(?!\1)[\s\S])*\1/g, '')
          expect(withoutCode).not.toMatch(/[<>@[\]*_]/)
        }
      }),
    )
  })

  it('fits into a comment of GitHub, and says how much does not', () => {
    const text = markdownReport(
      report(Array.from({ length: 2_000 }, (_, index) => ({ ...broken, name: String(index) }))),
    )

    expect(text.length).toBeLessThan(65_536)
    expect(text).toMatch(/\d+ more did not fit in here/)
  })
})

describe('the JSON report', () => {
  it('is what its codec says', () => {
    fc.assert(
      fc.property(fc.array(anyResult, { maxLength: 4 }), (results) => {
        const json: unknown = JSON.parse(jsonReport(report(results)))
        expect(ReportInJson.is(json)).toBe(true)
      }),
    )
    expect(ReportInJson.is(JSON.parse(jsonCouldNotRun('x')))).toBe(true)
  })

  it('has the verdict, the totals, and each difference', () => {
    expect(JSON.parse(jsonReport(report([broken, skipped])))).toMatchObject({
      schemaVersion: 1,
      verdict: 'broken',
      totals: { kept: 0, broken: 1, skipped: 1 },
      results: [{ verdict: 'broken', findings: [{ pointer: '/request/body/deviceName' }, {}] }, { verdict: 'skipped' }],
    })
  })
})

describe('the report on a terminal', () => {
  it('has a row for each group, in columns, and the verdict as its last line', () => {
    expect(tellReport(report([broken, result(), skipped, result({ group: 'drawn' })]), look)).toBe(
      [
        '',
        'The contract of the gateway: http://127.0.0.1:8080',
        '',
        '                                       kept  broken  skipped  seconds',
        '  createManagedEBookDeviceState, beta     1       1        1      0.0',
        '  drawn                                   1       0        0      0.0',
        '',
        '  Nothing was created.',
        '  CONTRACT BROKEN: 2 kept, 1 broken, 1 skipped.',
        '',
      ].join('\n'),
    )
    expect(tellReport(report([result()]), { colours: true })).toContain('\u001b[32mContract kept')
  })

  it('says of a result where, what was expected, what was found, and how to see it again', () => {
    expect(tellResult(broken, look)).toBe(
      [
        '  ✗ createManagedEBookDeviceState, beta: a body without deviceName is refused',
        '      /request/body/deviceName',
        '        expected a refusal',
        '        found    taken: 201',
        '        It should be refused.',
        '      /answer/body/id (compatible)',
        '        expected what was sent',
        '        found    another one',
        `      curl -i "$TARGET"'/beta'`,
        '',
      ].join('\n'),
    )
    expect(tellResult(skipped, look)).toContain('It might create something.')
  })

  it('is not painted by what others wrote', () => {
    fc.assert(
      fc.property(anyResult, (one) => {
        expect(tellResult(one, look) + tellReport(report([one]), look)).not.toMatch(/(?!\n)[\p{Cc}\u202E\u2066]/u)
      }),
    )
  })
})
