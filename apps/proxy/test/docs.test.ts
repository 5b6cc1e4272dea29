import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ProblemKind } from '../src/audit/verify-report.js'
import { checkNames } from '../src/cli/checks/finding.js'
import { helpOfVariables } from '../src/cli/proxy-help.js'
import { fileVariableOf, secretVariables } from '../src/config/secrets.js'
import { variables } from '../src/config/variables.js'
import { outcomeOfError } from '../src/domain/outcome.js'
import type { ProxyError, TokenInvalidReason } from '../src/domain/proxy-error.js'
import { replyToError } from '../src/domain/reply-to-error.js'
import { sampleErrors } from '../src/domain/sample-errors.js'
import { instruments, prometheusName } from '../src/telemetry/instruments.js'

const doc = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

const context = { auditId: 'a', now: new Date('2026-11-23T12:00:00Z'), clientRequestId: 'c', requestId: 'r' }

const rows = doc('status-codes.md')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()))

describe('docs/status-codes.md', () => {
  it.each(Object.values<ReadonlyArray<ProxyError>>(sampleErrors).flat())('has a row that is true of %j', (error) => {
    const reply = replyToError(context, error)
    const { innerError, message }: { innerError: Record<string, string>; message: string } = JSON.parse(
      reply.body,
    ).error
    const row = rows.find(([, , code]) => code === `\`${innerError['code'] ?? ''}\``) ?? []

    expect(row.length, `no row for ${String(innerError['code'])}`).toBeGreaterThan(0)
    expect(row[1]?.split(', ')).toContain(String(reply.status))
    expect(row.slice(3, 5).join(' ')).toContain(innerError['retry'])
    expect(innerError['outcome']).toBe(outcomeOfError(error))
    if (outcomeOfError(error) !== 'notSent') expect(row[3]).toContain(innerError['outcome'])
    expect(message).toMatch(/^[A-Z].*\.$/)
  })

  it('has no row for a code that does not exist', () => {
    const codes = new Set(
      Object.values<ReadonlyArray<ProxyError>>(sampleErrors)
        .flat()
        .map((error) => replyToError(context, error).code),
    )

    expect(
      rows.flatMap(([, , code]) => /^`(\w+)`$/.exec(code ?? '')?.[1] ?? []).filter((code) => !codes.has(code)),
    ).toEqual([])
  })
})

/** Every reason there is: a missing one is a compile error. */
const reasons: { readonly [R in TokenInvalidReason]: true } = {
  tooLong: true,
  notAJws: true,
  header: true,
  payload: true,
  issuer: true,
  keyUnknown: true,
  keyIssuer: true,
  signature: true,
  audience: true,
  graphTokenPresented: true,
  version: true,
  tenant: true,
  kind: true,
  boundToKey: true,
  expired: true,
  notYetValid: true,
  issuedInFuture: true,
  livesTooLong: true,
  claims: true,
}

describe('docs/how-to/register-in-entra.md', () => {
  it('says of every reason for which a token is refused what to do, and of no other', () => {
    const [, table = ''] = doc('how-to/register-in-entra.md').split('## When a token is refused')
    const told = table
      .split('\n')
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name))

    expect(new Set(told)).toEqual(new Set(Object.keys(reasons)))
  })
})

const ticked = (cell = ''): ReadonlyArray<string> => [...cell.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text)

describe('docs/configuration.md', () => {
  const text = doc('configuration.md')
  const rowsBelow = (head: string): ReadonlyArray<ReadonlyArray<string>> =>
    text
      .split('\n\n')
      .filter((part) => part.replaceAll(/ +/g, ' ').startsWith(head))
      .flatMap((table) => table.split('\n').slice(2))
      .map((row) => row.split('|').map((cell) => cell.trim()))
  const told = rowsBelow('| Variable | Needed |').flatMap(([, names, needed, defaults]) =>
    ticked(names).map((name, place) => [name, needed, ticked(defaults)[place]] as const),
  )

  it('tells every variable once and no other, whether it is needed, and its default', () => {
    const byName = (one: readonly [string, ...ReadonlyArray<unknown>], other: typeof one): number =>
      one[0] < other[0] ? -1 : 1

    expect(told.toSorted(byName)).toEqual(
      Object.entries(variables)
        .map(
          ([name, { guidance }]) =>
            [
              name,
              guidance.fallback === undefined && guidance.isOptional !== true ? 'yes' : 'no',
              guidance.fallback,
            ] as const,
        )
        .toSorted(byName),
    )
  })

  it('tells every secret that may be in a file', () => {
    expect(
      new Map(rowsBelow('| Variable | In place of |').map(([, file, name]) => [ticked(file)[0], ticked(name)[0]])),
    ).toEqual(new Map(secretVariables.map((name) => [fileVariableOf(name), name])))
  })

  // `pnpm exec vitest run test/docs.test.ts -u` writes it anew.
  it('ends with what --help prints of each', async () => {
    await expect(
      text.replace(/(?<=\n## As `--help` prints it\n[^]*?\n```\n)[^]*(?=```\n$)/, () =>
        helpOfVariables().replace(/^ {2}/gm, ''),
      ),
    ).toMatchFileSnapshot('../../../docs/configuration.md')
  })
})

describe('docs/how-to/run-the-gateway.md', () => {
  it('tells everything that check-config looks at, in its order', () => {
    const [, table = ''] = doc('how-to/run-the-gateway.md').split('| Check ')
    const [rowsOfChecks = ''] = table.split('\n\n')

    expect([...rowsOfChecks.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual(checkNames)
  })
})

describe('docs/how-to/audit.md', () => {
  const kinds: Readonly<Record<ProblemKind, true>> = {
    changed: true,
    unreadable: true,
    columnsDiffer: true,
    missing: true,
    outOfPlace: true,
    broken: true,
    recomputed: true,
    otherLedger: true,
    signatureInvalid: true,
    keyUnknown: true,
    keyChangeInvalid: true,
    tailCut: true,
    startMissing: true,
    checkpointPruned: true,
    endWithoutIntent: true,
    secondIntent: true,
    openFromWrong: true,
    tablesDiffer: true,
    indexIncomplete: true,
  }

  it('explains each word that verify has for what is wrong, and no other', () => {
    const [, table = ''] = doc('how-to/audit.md').split('| It says')
    const [ofWords = ''] = table.split('\n\n')
    const told = [...ofWords.matchAll(/^\| `(\w+)`/gm)].map(([, word]) => word)

    expect(told).toHaveLength(Object.keys(kinds).length)
    expect(new Set(told)).toEqual(new Set(Object.keys(kinds)))
  })
})

describe('docs/metrics.md', () => {
  it('tells every instrument: by what name Prometheus has it, its kind, its attributes, and what it says', () => {
    const told = doc('metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name, prometheus, attributes, description]) => [name, prometheus, attributes, description])

    expect(told).toEqual(
      Object.values(instruments).map((instrument) => [
        `\`${instrument.name}\``,
        `\`${prometheusName(instrument)}\``,
        instrument.attributes.map((name) => `\`${name}\``).join(' '),
        instrument.description,
      ]),
    )
  })
})
