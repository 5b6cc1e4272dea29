import * as E from 'fp-ts/lib/Either.js'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvLineOf } from '../src/audit/csv-call.js'
import { findCalls } from '../src/audit/find-calls.js'
import { parsedRecord } from '../src/audit/kept-record.js'
import { tellRecord } from '../src/cli/tell-record.js'
import { memoryReader } from './a-ledger.js'
import { aRunningProxy, rawExchange, recordsFor, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld
let authorization = ''
beforeAll(async () => {
  world = await aRunningProxy({ CALLER_RATE_LIMIT: '100/10s' })
  authorization = `Bearer ${await world.token()}`
})
afterAll(() => world.stop())

const send = (...prefer: ReadonlyArray<string>) =>
  rawExchange(world.port, requestText({ authorization, more: prefer.map((value) => `Prefer: ${value}`) }))

describe('a call that is only to be validated', () => {
  it('is one by any line of the header, and has the headers of every reply', async () => {
    const reply = await send('return=minimal', 'Handling="validate-only"; why=test')

    expect(reply).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'preference-applied': 'handling=validate-only',
        'audit-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'client-request-id': reply.headers['audit-id'],
        ratelimit: expect.stringContaining('r='),
      },
    })
    expect(JSON.parse(reply.body)).toMatchObject({ body: JSON.stringify(JSON.parse(documentedExample.request)) })
    expect(world.graph.received).toEqual([])
  })

  it('asks for no token, which one that is made does', async () => {
    const before = world.provider.tokenRequests().length
    await send('handling=validate-only')
    expect(world.provider.tokenRequests()).toHaveLength(before)
    await send()
    expect(world.provider.tokenRequests()).toHaveLength(before + 1)
  })

  it('is told to auditors as what it is, and never as a failure', async () => {
    const [kept] = recordsFor(world, await send('handling=validate-only'))
    const record = parsedRecord(JSON.stringify(kept))
    if (record === undefined) return expect.fail('there is no record')
    const reader = memoryReader([record])
    const found = async (kind: string) => {
      const page = await findCalls(reader)(
        { conditions: [{ name: 'kind', forms: [kind] }] },
        { limit: 9, mostLookedAt: 9 },
      )()
      return E.isRight(page) ? page.right.found.map(({ call }) => call) : []
    }
    const [call] = await found('validation')

    expect(tellRecord(record)).toMatch(
      / {2}validation {2}validated, not sent, createManagedEBookDeviceState \(beta\), .*by application/,
    )
    expect(await found('refusal')).toEqual([])
    expect(call && csvLineOf(call)).toMatch(/,validation,,validatedOnly,,200,application,/)
  })

  it('shows in the log without a value', async () => {
    const { headers } = await send('handling=validate-only')

    expect(world.logged).toContainEqual(
      expect.objectContaining({ auditId: headers['audit-id'], status: 200, reason: 'validated, and not sent' }),
    )
    expect(JSON.stringify(world.logged)).not.toContain('Device Name')
  })
})

describe('a call of which that is not certain', () => {
  it('is refused with words that help, and not made', async () => {
    const sent = world.graph.received.length
    const reply = await send('handling=strict', 'handling=validate-only')

    expect(reply).toMatchObject({ status: 400, error: { code: 'malformedRequest' } })
    expect(reply.error['message']).toContain('handling=validate-only')
    expect(world.graph.received).toHaveLength(sent)
  })
})
