// How fast a record gets its canonical text, beside the npm package canonicalize, which does the same, and JSON.stringify,
// which neither sorts nor checks. Each contender runs in a process of its own, rounds are interleaved, the figures are
// medians, and what counts are the ratios. `pnpm run bench` prints a table and writes it to canonical-json.md.
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, platform } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import canonicalize from 'canonicalize'
import { Bench } from 'tinybench'
import { canonicalJson } from '../src/audit/canonical-json.ts'

const digest = (n: number): string => `hmac-sha256:0a1b2c3d:${hash('sha256', String(n), 'base64url')}`

/** An intent as the ledger keeps it, about 1.2 KB. */
const record = (n: number): unknown => ({
  kind: 'intent',
  auditId: `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  at: '2026-11-23T12:00:00.000Z',
  caller: {
    kind: 'user',
    issuer: 'https://login.microsoftonline.com/6f1c7e4a-1b1f-4a33-8f1d-1c9c0e3f5b11/v2.0',
    tenantId: '6f1c7e4a-1b1f-4a33-8f1d-1c9c0e3f5b11',
    objectId: '7c0ab8b8-2f6e-4a11-9a52-0a2f9a3c1d22',
    clientId: '11111111-2222-4333-8444-555555555555',
    keyId: 'nOo3ZDrODXEK1jKWhXslHR_KXEg',
  },
  peer: '10.0.0.12',
  operation: 'createManagedEBookDeviceState',
  version: 'beta',
  ids: { managedEBookId: '5f2c1c8e-0d2a-4b5e-9a57-7f0d3a3cbb11' },
  bodyBytes: 374,
  bodyDigest: digest(n),
  fields: {
    deviceName: digest(n + 1),
    deviceId: digest(n + 2),
    lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00',
    installState: 'installed',
    errorCode: digest(n + 3),
    osVersion: null,
    osDescription: digest(n + 4),
    userName: digest(n + 5),
  },
  upstream: { kind: 'application', clientId: '99999999-2222-4333-8444-555555555555' },
})

const ours = 'this gateway'

const contenders: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  [ours]: (value) => {
    const text = canonicalJson(value)
    return text._tag === 'Right' ? text.right : undefined
  },
  canonicalize,
  'JSON.stringify, which does less': (value) => JSON.stringify(value),
}
const names = Object.keys(contenders)

/** Nanoseconds a record: the text alone, and with its SHA-256, for which it must stand in one piece. */
const measure = async (print: (value: unknown) => string | undefined): Promise<ReadonlyArray<number>> => {
  // Objects as a parser makes them, and more than one, so that nothing is decided once and for all.
  const values: ReadonlyArray<unknown> = Array.from({ length: 256 }, (_, n) => JSON.parse(JSON.stringify(record(n))))
  const bench = new Bench({ time: 400, warmupTime: 200 })
  let length = 0
  bench.add('text', () => {
    for (const value of values) length += print(value)?.length ?? Number.NaN
  })
  bench.add('text and hash', () => {
    for (const value of values) length += hash('sha256', print(value) ?? '', 'hex').length
  })
  await bench.run()
  if (Number.isNaN(length)) throw new Error('a record got no text')
  return bench.tasks.map(({ result }) =>
    result.state === 'completed' ? (result.latency.p50 * 1_000_000) / values.length : Number.NaN,
  )
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const compare = (rounds: number): string => {
  const script = fileURLToPath(import.meta.url)
  const measured = new Map<string, Array<ReadonlyArray<number>>>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const times: ReadonlyArray<number> = JSON.parse(
        execFileSync(process.execPath, [script, '--only', name], { encoding: 'utf8' }),
      )
      measured.get(name)?.push(times)
    }
  }
  const cell = (name: string, column: number): string => {
    const times = (measured.get(name) ?? []).map((round) => round[column] ?? Number.NaN)
    const own = (measured.get(ours) ?? []).map((round) => round[column] ?? Number.NaN)
    const ratio = median(times.map((time, round) => time / (own[round] ?? Number.NaN)))
    return `${median(times).toFixed(0)} ns${name === ours ? '' : ` (${ratio.toFixed(2)} ×)`}`
  }
  return [
    '| | text | text and SHA-256 |',
    '| --- | ---: | ---: |',
    ...names.map((name) => `| ${name} | ${cell(name, 0)} | ${cell(name, 1)} |`),
  ].join('\n')
}

const [flag, only = ''] = process.argv.slice(2)
if (flag === '--only') {
  const print = contenders[only]
  if (print === undefined) throw new Error('which contender?')
  process.stdout.write(JSON.stringify(await measure(print)))
} else {
  if (contenders[ours]?.(record(0)) !== canonicalize(record(0))) throw new Error('they do not agree')
  const rounds = Number(flag ?? 5)
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../node_modules/canonicalize/package.json', import.meta.url), 'utf8'),
  )
  const results = `# The canonical text of a record

Made by \`pnpm run bench\`: time for one intent of ${String(JSON.stringify(record(0)).length)} characters, and in parentheses how many times that of
this gateway, both as medians of ${String(rounds)} interleaved rounds.

${compare(rounds)}

${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores, ${platform()} ${arch()}, Node ${process.version}; canonicalize ${version}.
`
  process.stdout.write(results)
  writeFileSync(new URL('canonical-json.md', import.meta.url), results)
}
