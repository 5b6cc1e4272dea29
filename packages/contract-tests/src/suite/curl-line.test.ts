import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { visible } from '../report/visible.js'
import { curlLine } from './curl-line.js'

const lineOf = (body: string): string => curlLine({ method: 'POST', path: '/beta', headers: { a: 'it’s' }, body })

describe('a curl line', () => {
  it('has the body as it stands where that can be read', () => {
    expect(lineOf('{"a":"it\'s"}')).toBe(
      String.raw`curl -i --path-as-is "$TARGET"'/beta' -H 'a: it’s' --data-binary '{"a":"it'\''s"}'`,
    )
  })

  it('survives a terminal, on which line ends would be shown and not sent', () => {
    const line = lineOf('{\r\n\t"a":"it\'s"}')

    expect(visible(line)).toBe(line)
    expect(line).toContain(String.raw`--data-binary $'{\r\n\t"a":"it\'s"}'`)
  })

  it.skipIf(process.platform === 'win32')('is read by bash as it was meant', () => {
    // A zero byte cannot be on a command line.
    const text = fc.string({ unit: fc.constantFrom("'", '\\', '\r', '\n', '\t', '\u0007', '"', '$', 'a', 'é') })
    fc.assert(
      fc.property(text, (body) => {
        fc.pre(body !== '')
        const script = `curl() { printf '%s|' "$@"; }; TARGET=x; ${lineOf(body)}`

        expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(
          ['-i', '--path-as-is', 'x/beta', '-H', 'a: it’s', '--data-binary', body, ''].join('|'),
        )
      }),
      { numRuns: 40 },
    )
  })
})
