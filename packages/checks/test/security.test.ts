import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../src/pnpm.ts'

const security = readFileSync(join(root, 'SECURITY.md'), 'utf8')
const actors = security
  .split(/^### /m)
  .slice(1)
  .map((section) => [section.slice(0, section.indexOf('\n')), section.replace(/^## [^]*/m, '')] as const)

describe('the threat model', () => {
  it('is of those who could want something', () => {
    expect(actors.length).toBeGreaterThan(7)
  })

  it.each(actors)('%s: says what stops them, with tests or decisions that show it, and what does not', (_, section) => {
    const [, stops = '', doesNot = ''] = /\*\*Stopped by:\*\*([^]*)\*\*Not stopped:\*\*([^]*)/.exec(section) ?? []

    expect(stops).toMatch(/\]\((?:apps|packages)\/[^)]*\.test\.ts\)/)
    expect(doesNot.length).toBeGreaterThan(80)
  })

  it('is one page', () => {
    expect(security.split('\n').length).toBeLessThan(120)
  })
})
