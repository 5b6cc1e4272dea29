import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aProxyProcess, callOver, load, type Surroundings, surroundings, untilReady } from './a-proxy-process.js'
import { provedLedger } from './a-proved-ledger.js'
import { skippedAloud } from './skipped-aloud.js'
import { untruths } from './untruths.js'
import { until } from './until.js'

let around: Surroundings
beforeAll(async () => {
  around = await surroundings()
})
afterAll(() => around.stop())

const mayLimit = ((): boolean => {
  try {
    execFileSync('prlimit', ['--fsize', '--pid', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe('a second proxy process on the folder of another', () => {
  it('does not start, and leaves the first and its calls alone', async () => {
    const directory = mkdtempSync(join(around.folder, 'ledger-'))
    const environment = { ...around.environment, AUDIT_DIRECTORY: directory }
    const proxy = await aProxyProcess(environment)
    await untilReady(proxy)
    await expect(aProxyProcess(environment)).rejects.toThrow(
      /"code":1.*The proxy was not started\. The audit ledger cannot be opened: another process writes to the audit directory/s,
    )
    const agent = new Agent()
    expect(await callOver(agent, proxy, { token: await around.token() })).toMatchObject({ status: 201 })
    expect(await proxy.stop()).toEqual({ code: 0, signal: null })

    const { faults, records } = provedLedger(directory)
    expect(faults).toEqual([])
    expect(records.filter(({ event }) => event === 'started')).toHaveLength(1)
  })
})

describe.skipIf(skippedAloud(mayLimit, 'the limit of the system on the size of files: there is no prlimit'))(
  'when the system lets files grow no more',
  () => {
    it('writes are cut short in their midst, calls are refused, and once they may grow it recovers by itself', async () => {
      const directory = mkdtempSync(join(around.folder, 'ledger-'))
      const proxy = await aProxyProcess(
        {
          ...around.environment,
          AUDIT_DIRECTORY: directory,
          AUDIT_CHECKPOINT_RECORDS: '50',
          AUDIT_UNAUTHENTICATED_PER_MINUTE: '1000000',
        },
        // No multiple of a page: the last one is written in part.
        ['prlimit', '--fsize=300001:unlimited'],
      )
      await untilReady(proxy)
      const book = 'limited'
      const token = await around.token()
      const underLoad = load(proxy, { book, token, callers: 8 })
      await until(async () => (await proxy.readiness()) !== 200)
      const failedAt = underLoad.told.length
      await until(() => underLoad.told.length >= failedAt + 50)
      execFileSync('prlimit', ['--fsize=unlimited', '--pid', String(proxy.pid)])
      await untilReady(proxy)
      const recoveredAt = underLoad.told.length
      await until(() => underLoad.told.length >= recoveredAt + 50)
      await underLoad.stop()

      expect(underLoad.told.some(({ body }) => body.includes('auditUnavailable'))).toBe(true)
      expect(underLoad.told.at(-1)?.status).toBeLessThan(500)
      expect(await proxy.stop()).toEqual({ code: 0, signal: null })
      const ledger = provedLedger(directory)
      expect(untruths(ledger, underLoad.told, around.graph.seen(book), proxy.lines)).toEqual([])
      expect(ledger.open).toEqual([])
    })
  },
)
