import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Acknowledgements, adviceOf, type Audit } from '../src/advisories.ts'
import { root } from '../src/pnpm.ts'
import { readAs } from '../src/read-as.ts'

/** As pnpm 12.21 prints it, for what a registry says of undici and qs. */
const audit: Audit = JSON.parse(readFileSync(new URL('samples/audit-of-two-advisories.json', import.meta.url), 'utf8'))
const now = new Date('2026-11-27T23:59:59.000Z')

const ofUndici = {
  id: 'GHSA-abcd-efgh-ijkl',
  package: 'undici',
  reason: 'It concerns WebSockets, which we do not open.',
  until: '2027-01-31',
}
const ofQs = { ...ofUndici, id: 'GHSA-aaaa-bbbb-cccc', package: 'qs' }

const advice = (...acknowledged: ReadonlyArray<typeof ofUndici>) =>
  adviceOf(audit, { acknowledged: [...acknowledged] }, now)

describe('an advisory', () => {
  it('is told, with what is affected, how we came to have it, and what is without it', () => {
    expect(advice()).toEqual([
      'GHSA-abcd-efgh-ijkl: undici 7.30.2, 8.12.4, high: undici does something bad (without it: >=9.0.0; by apps__bench>@fastify/http-proxy>@fastify/reply-from>undici; apps__bench>undici; apps__proxy>undici; https://github.com/advisories/GHSA-abcd-efgh-ijkl)',
      expect.stringMatching(/^GHSA-aaaa-bbbb-cccc: qs 6\.17\.1, low: .*no version without it is known/),
    ])
  })

  it('is not told once it is acknowledged, to the end of the day', () => {
    expect(advice(ofUndici, { ...ofQs, until: '2026-11-27' })).toEqual([])
  })

  it('is still told where another package is acknowledged for it', () => {
    expect(advice(ofQs, { ...ofUndici, package: 'lru-cache' })).toEqual([
      expect.stringContaining('undici does something bad'),
      'GHSA-abcd-efgh-ijkl (lru-cache): no such advisory concerns us any more; take it out',
    ])
  })
})

describe('an acknowledgement', () => {
  it.each([
    ['2026-11-26', /ended with 2026-11-26; look at it again/],
    ['2027-02-30', /"2027-02-30" is no day/],
    ['soon', /"soon" is no day/],
    ['2027-05-27', /no more than 180 days/],
  ])('until %s does not stand', (until, problem) => {
    expect(advice(ofUndici, { ...ofQs, until })).toEqual([expect.stringMatching(problem)])
  })

  it('may be for 180 days', () => {
    expect(advice(ofUndici, { ...ofQs, until: '2027-05-26' })).toEqual([])
  })

  it('needs a reason', () => {
    expect(advice(ofUndici, { ...ofQs, reason: 'not us' })).toEqual([expect.stringContaining('say in a sentence why')])
  })

  it('that no advisory matches any more is to be taken out', () => {
    expect(adviceOf({ advisories: {} }, { acknowledged: [ofUndici] }, now)).toEqual([
      'GHSA-abcd-efgh-ijkl (undici): no such advisory concerns us any more; take it out',
    ])
  })

  it('without a day is not read', () => {
    const { until: _, ...endless } = ofUndici

    expect(() => readAs(Acknowledgements, 'advisories.json', JSON.stringify({ acknowledged: [endless] }))).toThrow(
      /until/,
    )
  })
})

describe('those that we live with', () => {
  const { acknowledged } = readAs(
    Acknowledgements,
    'advisories.json',
    readFileSync(join(root, 'advisories.json'), 'utf8'),
  )

  it('can be read, and are named once each', () => {
    expect(new Set(acknowledged.map(({ id, package: name }) => `${id} ${name}`)).size).toBe(acknowledged.length)
  })
})

/** The command, against a registry that answers so. */
const asked = async (status: number, answer: string) => {
  const registry = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(answer))
  })
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  const { port } = registry.address() as AddressInfo
  const none = fileURLToPath(new URL('samples/none-acknowledged.json', import.meta.url))
  const args = ['scripts/advisories.mjs', '--registry', `http://127.0.0.1:${port}/`, '--acknowledged', none]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  registry.close()
  return { code, stdout, stderr }
}

describe('pnpm run advisories', () => {
  it('ends with 0 where the registry knows of none', async () => {
    expect(await asked(200, '{}')).toMatchObject({ code: 0, stdout: 'No advisory that is not acknowledged.\n' })
  })

  it('ends with 1 where it knows of one, and names it', async () => {
    const one = { id: 1, url: 'https://github.com/advisories/GHSA-abcd-efgh-ijkl', title: 'bad', severity: 'high' }
    const { code, stderr } = await asked(200, JSON.stringify({ undici: [{ ...one, vulnerable_versions: '<9.0.0' }] }))

    expect([code, stderr]).toEqual([1, expect.stringMatching(/^GHSA-abcd-efgh-ijkl: undici .*, high: bad/)])
  })

  it.each([
    [405, 'not here'],
    [200, '<html>'],
  ])('ends with 2 where it could not be asked, since nothing is known then: %i %s', async (status, answer) => {
    const { code, stderr } = await asked(status, answer)

    expect([code, stderr]).toEqual([2, expect.stringContaining('could not be asked')])
  })
})
