import { mkdtempSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aProxyProcess,
  callOver,
  load,
  numbersFrom,
  type ProxyProcess,
  seedOf,
  type Surroundings,
  surroundings,
  type Told,
  untilReady,
} from './a-proxy-process.js'
import { provedLedger } from './a-proved-ledger.js'
import { attachTracer, mayTrace } from './a-tracer.js'
import { skippedAloud } from './skipped-aloud.js'
import { untruths } from './untruths.js'
import { until } from './until.js'

/** So many places for each fault. */
const places = Number(process.env['TRACES'] ?? 1)
const callers = 12

let around: Surroundings
let proxy: ProxyProcess
let directory = ''
let token = ''
const book = 'B1'
const told: Array<Told> = []
const random = numbersFrom(seedOf('system calls'))

/** What earlier processes printed. */
const linesBefore: Array<string> = []

const start = async (): Promise<void> => {
  proxy = await aProxyProcess({
    ...around.environment,
    AUDIT_DIRECTORY: directory,
    AUDIT_CHECKPOINT_RECORDS: '50',
    AUDIT_UNAUTHENTICATED_PER_MINUTE: '1000000',
  })
  await untilReady(proxy)
}

const file = (): string => join(directory, 'audit.sqlite')
const files = (): ReadonlyArray<string> => [file(), `${file()}-wal`]
const attach = (what: string) => attachTracer(proxy.pid, what, files())

/** Until the log has another line of this kind. */
const printedTimes = (text: string): number => proxy.lines.filter((line) => line.includes(text)).length
const untilPrintedOnceMore = async (text: string, before: number): Promise<void> => {
  await until(() => printedTimes(text) > before)
}

const failing = 'the audit ledger cannot be written; calls are refused until it can'
const wellAgain = 'the audit ledger can be written again'

/** Calls that were never sent but still have their idempotency key: whoever sends it again would be told that they may have been. */
const keysHeldForNothing = (): number => {
  const database = new DatabaseSync(file(), { readOnly: true, timeout: 5_000 })
  const found = database
    .prepare("SELECT count(*) AS count FROM claim JOIN record USING (audit_id) WHERE record.outcome = 'notSent'")
    .get()
  database.close()
  return Number(found?.['count'])
}

const expectTheTruth = (): void => {
  const log = [...linesBefore, ...proxy.lines]
  expect(untruths(provedLedger(directory), told, around.graph.seen(book), log)).toEqual([])
  expect(keysHeldForNothing()).toBe(0)
}

/** Intents that were kept although their commit was said to have failed. */
const ambiguous = (): number =>
  provedLedger(directory).records.filter(({ reason }) => String(reason).includes('reported an error; nothing was sent'))
    .length

describe.skipIf(skippedAloud(mayTrace, 'faults of system calls: there is no strace, or it may not trace'))(
  'when a system call of the ledger',
  () => {
    beforeAll(async () => {
      around = await surroundings()
      directory = mkdtempSync(join(around.folder, 'ledger '))
      token = await around.token()
      await start()
    })
    afterAll(async () => {
      await proxy.stop()
      expectTheTruth()
      process.stderr.write(`system calls: ${String(ambiguous())} intents were kept by a commit that had failed\n`)
      await around.stop()
    })

    const faults = ['fsync:error=EIO', 'pwrite64:error=ENOSPC', 'pwrite64:error=EIO', 'fsync:error=ENOSPC']

    it.each(faults.flatMap((fault) => Array.from({ length: places }, () => fault)))(
      '(%s) fails, calls are refused until it does not, and nothing is untrue',
      async (fault) => {
        const [failuresBefore, recoveriesBefore] = [printedTimes(failing), printedTimes(wellAgain)]
        const calls = fault.startsWith('fsync') ? 12 : 60
        const first = 1 + Math.floor(random() * calls)
        // Once, or for as long as it takes SQLite to give up on the file, so that it is opened anew in the midst of it.
        const last = first + Math.floor(random() * 8)
        const tracer = await attach(`${fault}:when=${String(first)}..${String(last)}`)
        const underLoad = load(proxy, { book, token, callers })
        await untilPrintedOnceMore(failing, failuresBefore)
        expect(await proxy.readiness()).toBe(503)
        await tracer.detach()
        await untilPrintedOnceMore(wellAgain, recoveriesBefore)
        await untilReady(proxy)
        const answered = underLoad.told.length
        await until(() => underLoad.told.length >= answered + callers)
        await underLoad.stop()
        told.push(...underLoad.told)

        expect(underLoad.told.at(-1)?.status).toBeLessThan(500)
        expectTheTruth()
      },
    )

    it('hangs, calls are refused after their deadline, all else goes on, and it recovers by itself', async () => {
      const recoveriesBefore = printedTimes(wellAgain)
      const tracer = await attach('fsync:delay_enter=3500000:when=1')
      const agent = new Agent({ keepAlive: true })
      const startedInMs = performance.now()
      const answer = await callOver(agent, proxy, { token, book })
      const tookInMs = performance.now() - startedInMs

      expect(answer).toMatchObject({ status: 503, body: expect.stringContaining('auditUnavailable') })
      expect(tookInMs).toBeGreaterThan(1_900)
      expect(tookInMs).toBeLessThan(3_400)
      expect((await fetch(`${proxy.adminUrl}/livez`)).status).toBe(200)
      expect(await proxy.readiness()).toBe(503)
      // Names are looked up and signatures checked by threads that the ledger does not hold up.
      const fresh = await around.token()
      expect(await callOver(agent, proxy, { token: fresh, book, body: '{}' })).toMatchObject({ status: 400 })
      expect(await callOver(agent, proxy, { token: `${fresh.slice(0, -8)}AAAAAAAA`, book })).toMatchObject({
        status: 401,
      })
      await untilPrintedOnceMore(wellAgain, recoveriesBefore)
      await tracer.detach()
      expect(await callOver(agent, proxy, { token, book })).toMatchObject({ status: 201 })
      agent.destroy()
      expect(
        provedLedger(directory).records.filter(
          ({ auditId, kind }) => auditId === answer?.auditId && kind === 'outcome',
        ),
      ).toMatchObject([{ outcome: 'notSent', code: 'auditUnavailable' }])
      told.push(...(answer === undefined ? [] : [answer]))
    })

    it('is slow, calls share it, and none is refused', async () => {
      const tracer = await attach('fsync:delay_enter=100000')
      const agent = new Agent({ keepAlive: true })
      const startedInMs = performance.now()
      const answers = await Promise.all(Array.from({ length: 100 }, () => callOver(agent, proxy, { token, book })))
      const tookInMs = performance.now() - startedInMs
      await tracer.detach()
      agent.destroy()

      expect(answers.every((answer) => answer?.status === 201)).toBe(true)
      // One by one, 200 records would take 20 s.
      expect(tookInMs).toBeLessThan(10_000)
      told.push(...answers.filter((answer) => answer !== undefined))
    })

    it.each(Array.from({ length: 2 * places }, (_, place) => (place % 2 === 0 ? 'fsync' : 'pwrite64')))(
      '(%s) is the last that the process makes, what it was told is on record all the same',
      async (call) => {
        const calls = call === 'fsync' ? 12 : 60
        await attach(`${call}:signal=SIGKILL:when=${String(1 + Math.floor(random() * calls))}`)
        const underLoad = load(proxy, { book, token, callers })
        expect(await proxy.exited).toEqual({ code: null, signal: 'SIGKILL' })
        await underLoad.stop()
        told.push(...underLoad.told)
        linesBefore.push(...proxy.lines)
        await start()

        expectTheTruth()
        expect(provedLedger(directory).open).toEqual([])
      },
    )
  },
)
