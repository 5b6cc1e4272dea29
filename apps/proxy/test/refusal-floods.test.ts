import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { until } from './until.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const aWorld = async (perMinute: number): Promise<TestWorld> => {
  world = await aRunningProxy({ AUDIT_UNAUTHENTICATED_PER_MINUTE: String(perMinute) })
  return world
}

const connections = 8

/** The ids by which so many requests are answered, all on a few connections, each being a refusal with this status. */
const refusedIds = async (
  { port }: TestWorld,
  count: number,
  request = requestText(),
  status = 401,
): Promise<ReadonlyArray<string>> => {
  const each = count / connections
  const texts = await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<string>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1')
          let text = ''
          let answers = 0
          socket.setEncoding('latin1')
          socket.on('error', reject)
          socket.on('data', (chunk: string) => {
            text += chunk
            answers = text.split('"gateway"}}}').length - 1
            if (answers === each) {
              socket.destroy()
              resolve(text)
            }
          })
          socket.write(request.repeat(each))
        }),
    ),
  )
  const all = texts.join('')
  expect(all.match(/HTTP\/1\.1 \d+/g)?.every((line) => line === `HTTP/1.1 ${String(status)}`)).toBe(true)
  return [...all.matchAll(/Audit-Id: (\S+)/gi)].map(([, id]) => String(id))
}

const recordsOfKind = ({ records }: TestWorld, kind: string) => records().filter((record) => record['kind'] === kind)

const totals = (running: TestWorld): ReadonlyArray<number> =>
  recordsOfKind(running, 'refusals').map(({ total }) => Number(total))

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((all, one) => all + one, 0)

describe('a flood of requests without token', () => {
  it('has a record each up to the rate; the others are answered alike, and counted', async () => {
    const running = await aWorld(50)
    const ids = await refusedIds(running, 2_000)
    await until(() => totals(running).length > 0)
    const whileItRuns = totals(running)
    await running.stopProxy()
    const refusals = recordsOfKind(running, 'refusal')

    expect(new Set(ids).size).toBe(2_000)
    expect(refusals).toHaveLength(50)
    expect(refusals.every(({ auditId }) => ids.includes(String(auditId)))).toBe(true)
    expect(whileItRuns).toHaveLength(1)
    expect(sum(totals(running))).toBe(1_950)
    for (const { counts } of recordsOfKind(running, 'refusals'))
      expect(counts).toEqual([{ code: 'tokenMissing', prefix: '127.0.0.0/24', count: expect.any(Number) }])
  })

  it('leaves callers that proved who they are their records, of refusals as of calls', async () => {
    const running = await aWorld(0)
    await refusedIds(running, 80)
    const authorization = `Bearer ${await running.token()}`
    const refused = await Promise.all(
      Array.from({ length: 20 }, () => rawExchange(running.port, requestText({ authorization, body: '{}' }))),
    )
    const called = await rawExchange(running.port, requestText({ authorization }))
    await running.stopProxy()

    expect(called.status).toBe(201)
    for (const { headers } of refused)
      expect(running.recordsOf(String(headers['audit-id']))).toMatchObject([
        { kind: 'refusal', caller: { kind: 'application' } },
      ])
    expect(recordsOfKind(running, 'refusal')).toHaveLength(20)
    expect(sum(totals(running))).toBe(80)
  })

  it('is counted together with what the parser refuses, and with tokens of nobody', async () => {
    const running = await aWorld(0)
    const garbage = await Promise.all(Array.from({ length: 5 }, () => rawExchange(running.port, 'GARBAGE\r\n\r\n')))
    await refusedIds(running, 40, requestText({ authorization: 'Bearer a.b.c' }))
    await running.stopProxy()

    for (const reply of garbage)
      expect(reply).toMatchObject({ status: 400, headers: { 'audit-id': expect.any(String) } })
    expect(running.records().map(({ kind }) => kind)).not.toContain('connection')
    expect(sum(totals(running))).toBe(45)
    const counted = recordsOfKind(running, 'refusals').flatMap(({ counts }) => counts)
    expect(counted).toContainEqual(expect.objectContaining({ code: 'malformedRequest', reason: 'HPE_INVALID_METHOD' }))
    expect(counted).toContainEqual(expect.objectContaining({ code: 'tokenInvalid', reason: 'notAJws' }))
  })
})

const breakLedger = ({ directory }: TestWorld): { readonly mend: () => void } => {
  const database = new DatabaseSync(join(directory, 'audit.sqlite'))
  database.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT raise(ABORT, 'disk full'); END")
  return {
    mend: () => {
      database.exec('DROP TRIGGER full')
      database.close()
    },
  }
}

describe('when the proxy stops', () => {
  it('what is left is written before the stop is', async () => {
    const running = await aWorld(0)
    await refusedIds(running, 80)
    await running.stopProxy()

    expect(running.records().slice(-2)).toMatchObject([{ kind: 'refusals' }, { kind: 'lifecycle', event: 'stopped' }])
    expect(sum(totals(running))).toBe(80)
  })

  it('and the ledger cannot be written, the log has what is left', async () => {
    const running = await aWorld(0)
    const broken = breakLedger(running)
    await refusedIds(running, 80)

    expect(await running.stopProxy()).toBe('forced')
    broken.mend()
    const lost = running.logged.flatMap((line) =>
      Array.isArray(line) && line[1] === 'the process ends' ? line[0] : [],
    )
    expect(sum(lost.map(({ total }: { readonly total: number }) => total))).toBe(80)
  })
})

describe('when the ledger cannot be written for a while', () => {
  it('no count is lost, and none is counted twice', async () => {
    const running = await aWorld(48)
    await refusedIds(running, 48)
    const broken = breakLedger(running)
    await refusedIds(running, 400)
    await until(() => JSON.stringify(running.logged).includes('the audit ledger cannot be written'))
    await refusedIds(running, 400)
    broken.mend()
    await until(async () => (await fetch(`${running.adminUrl}/readyz`)).status === 200)
    await refusedIds(running, 80)

    expect(await running.stopProxy()).toBe('finished')
    expect(recordsOfKind(running, 'refusal')).toHaveLength(48)
    expect(totals(running)).toHaveLength(2)
    expect(sum(totals(running))).toBe(880)
  })
})
