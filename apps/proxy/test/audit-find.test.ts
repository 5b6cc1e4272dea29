import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, it } from 'vitest'
import type { AuditRecord, IntentRecord } from '../src/audit/audit-record.js'
import { digestRing, newDigestKey } from '../src/audit/node-digest-ring.js'
import { exportCommand } from '../src/cli/audit-export.js'
import { findCommand } from '../src/cli/audit-find.js'
import type { AuditCommand, CommandContext } from '../src/cli/command.js'
import { searchIn } from '../src/cli/search-options.js'
import { memoryReader } from './a-ledger.js'
import { intent, outcome, refusal } from './an-audit-store.js'

const folder = mkdtempSync(join(tmpdir(), 'audit-find-'))
const keyFile = join(folder, 'given.key')
writeFileSync(keyFile, newDigestKey(), { mode: 0o600 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ring = digestRing({ kind: 'given', path: keyFile })
const digest = E.isRight(ring) ? ring.right.digest : () => ''

const idOf = (index: number): string => `01900000-0000-7000-8000-00000000000${index}`

const ofUser = (index: number, userName: string): IntentRecord => ({
  ...intent(idOf(index)),
  fields: { userName: digest('userName', userName), installState: 'installed' },
})

const records: ReadonlyArray<AuditRecord> = [
  ofUser(1, 'Ada'),
  outcome(idOf(1)),
  { ...refusal(idOf(2)), reason: '=cmd' },
  ofUser(3, 'Grace'),
  { ...outcome(idOf(3)), outcome: 'indeterminate', code: 'upstreamTimeout' },
  ofUser(4, 'Ada'),
  { kind: 'lifecycle', auditId: idOf(5), at: '2026-11-23T12:00:00.000Z', event: 'started', detail: {} },
]

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

const contextOf = (values: CommandContext['values'], more: Partial<CommandContext> = {}): CommandContext => ({
  openReader: () => Promise.resolve(memoryReader(records)),
  values,
  positionals: [],
  environment: {},
  out: () => Promise.resolve(),
  err: () => undefined,
  progress: () => undefined,
  now: () => new Date('2026-11-24T00:00:00Z'),
  ...more,
})

const run = async (
  command: AuditCommand,
  values: CommandContext['values'],
  more: Partial<CommandContext> = {},
): Promise<Ran> => {
  let [out, err] = ['', '']
  const code = await command.run(
    contextOf(values, {
      out: (text) => {
        out += text
        return Promise.resolve()
      },
      err: (text) => {
        err += text
      },
      ...more,
    }),
  )
  return { code, out, err }
}

/** Of find, of each format of export: what a test looks at. */
interface Line {
  readonly auditId: string
  readonly cursor: string
  readonly entry: { readonly record: { readonly kind: string } }
  readonly metadata: { readonly uid: string }
  readonly type_uid: number
}

const jsonLines = (text: string): ReadonlyArray<Line> =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line))

const idsOf = ({ out }: Ran): ReadonlyArray<string> => jsonLines(out).map(({ auditId }) => auditId)

describe('audit find', () => {
  it('prints two lines a call, newest first, of at most 100 characters', async () => {
    const { code, out } = await run(findCommand, {})
    const lines = out.trimEnd().split('\n')

    expect(code).toBe(0)
    expect(lines).toHaveLength(8)
    expect(lines.every(({ length }) => length <= 100)).toBe(true)
    expect(lines.slice(0, 4)).toEqual([
      `2026-11-23T12:00:00.000Z  open                                  ${idOf(4)}`,
      '  application o, book B1, beta, from 127.0.0.1',
      `2026-11-23T12:00:00.000Z  indeterminate upstreamTimeout         ${idOf(3)}`,
      '  application o, book B1, created x, beta, from 127.0.0.1',
    ])
  })

  it('goes on where it ended', async () => {
    const first = await run(findCommand, { limit: '2', json: true })
    const cursor = jsonLines(first.out)[2]?.cursor
    const second = await run(findCommand, { limit: '2', json: true, cursor })

    expect(idsOf(first).slice(0, 2)).toEqual([idOf(4), idOf(3)])
    expect(idsOf(second)).toEqual([idOf(2), idOf(1)])
  })

  it('finds a value by its digest, with a key from a file', async () => {
    const by = { 'user-name': 'Ada', json: true }

    expect(idsOf(await run(findCommand, { ...by, 'key-file': keyFile }))).toEqual([idOf(4), idOf(1)])
    expect(idsOf(await run(findCommand, by, { environment: { AUDIT_DIGEST_KEY_FILE: keyFile } }))).toEqual([
      idOf(4),
      idOf(1),
    ])
  })

  it('says which key is missing, and makes none', async () => {
    const none = await run(findCommand, { 'user-name': 'Ada' })
    expect([none.code, none.err]).toEqual([64, expect.stringContaining('AUDIT_DIGEST_KEY_FILE')])

    for (let time = 0; time < 2; time++) {
      const lost = await run(findCommand, { 'user-name': 'Ada', directory: folder })
      expect([lost.code, lost.err]).toEqual([64, expect.stringContaining('audit-digest.key is not there')])
    }
  })

  it('reads a value that no shell should remember from stdin', async () => {
    const context = contextOf({ 'user-name': '-', 'key-file': keyFile })
    const query = await searchIn(context, () => Promise.resolve('Ada'))

    expect(E.isRight(query) && query.right.conditions[0]?.forms).toEqual([digest('userName', 'Ada'), 'Ada'])
    const twice = contextOf({ 'user-name': '-', 'device-id': '-' })
    expect(E.isLeft(await searchIn(twice, () => Promise.resolve('Ada')))).toBe(true)
  })

  it.each([
    [{ limit: '0' }, '--limit must be'],
    [{ since: 'yesterday' }, '--since must be'],
    [{ 'caller-kind': 'x' }, '--caller-kind must be'],
    [{ cursor: 'x' }, '--cursor is none of this search'],
  ])('says what is wrong with %j', async (values, words) => {
    const { code, err } = await run(findCommand, values)

    expect([code, err]).toEqual([64, expect.stringContaining(words)])
  })

  it('says that nothing was found', async () => {
    expect(await run(findCommand, { caller: 'nobody' })).toEqual({ code: 1, out: '', err: 'Nothing was found.\n' })
  })

  it('shows a terminal nothing that it would obey', async () => {
    const reader = memoryReader([{ ...refusal(idOf(1)), code: 'a\u001B[2Jb', peer: 'x\u202Ey' }])
    const { out } = await run(findCommand, {}, { openReader: () => Promise.resolve(reader) })

    expect(out).toMatch(/^[\n\x20-\x7E]*$/)
  })
})

describe('audit export', () => {
  it('writes the whole ledger so that every hash and link can be checked again', async () => {
    const { code, out } = await run(exportCommand, { format: 'jsonl' })
    const lines = out.trimEnd().split('\n')

    expect(code).toBe(0)
    expect(lines).toHaveLength(records.length)
    let previous: string | undefined
    for (const line of lines) {
      const { entry, hash: told } = JSON.parse(line)
      const text = line.slice(line.indexOf('"entry":') + '"entry":'.length, -1)
      expect(hash('sha256', text, 'base64')).toBe(told)
      if (previous !== undefined) expect(entry.previous).toBe(previous)
      previous = told
    }
  })

  it('writes all that is on record of the calls that are asked for', async () => {
    const { out } = await run(exportCommand, { format: 'jsonl', outcome: 'indeterminate' })

    expect(jsonLines(out).map(({ entry }) => entry.record.kind)).toEqual(['intent', 'outcome'])
  })

  it('writes an event of OCSF a call', async () => {
    const { out } = await run(exportCommand, { format: 'ocsf' })

    expect(jsonLines(out).map(({ metadata, type_uid }) => [metadata.uid, type_uid])).toEqual([
      [idOf(4), 600_301],
      [idOf(3), 600_301],
      [idOf(2), 600_300],
      [idOf(1), 600_301],
    ])
  })

  it('writes a line of CSV a call', async () => {
    const { out } = await run(exportCommand, { format: 'csv', refusals: true })

    expect(out.split('\r\n')).toEqual([
      expect.stringMatching(/^at,auditId,kind,/),
      expect.stringContaining(`2026-11-23T12:00:00.000Z,${idOf(2)},refusal,,malformedJson,"'=cmd",400`),
      '',
    ])
  })

  it('wants to know the format', async () => {
    expect((await run(exportCommand, { format: 'xml' })).code).toBe(64)
  })

  it('ends when the ledger cannot be read', async () => {
    const reader = {
      ...memoryReader(records),
      seek: () => () => Promise.resolve(E.left({ _tag: 'LedgerUnreadable', message: 'gone' } as const)),
    }
    const { code, err } = await run(exportCommand, { format: 'csv' }, { openReader: () => Promise.resolve(reader) })

    expect([code, err]).toEqual([2, 'The ledger cannot be read. gone\n'])
  })
})
