import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, rawExchange, recordsFor, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const aCallThrough = async (environment: Readonly<Record<string, string>>, more: ReadonlyArray<string>) => {
  const running = await aRunningProxy(environment)
  world = running
  const called = await rawExchange(
    running.port,
    requestText({ authorization: `Bearer ${await running.token()}`, more }),
  )
  const refused = await rawExchange(running.port, requestText({ more }))
  expect([called.status, refused.status]).toEqual([201, 401])
  return {
    intent: recordsFor(running, called)[0],
    refusal: recordsFor(running, refused)[0],
    everything: JSON.stringify([running.records(), running.logged, running.graph.received]),
    sent: running.graph.received.join(''),
    logged: JSON.stringify(running.logged),
  }
}

const lines = ['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 203.0.113.7:4711, 10.0.0.2']

describe('behind a proxy that is trusted', () => {
  it('intents and refusals say for whom it claims to call, beside its own address; Graph and the log hear nothing', async () => {
    const { intent, logged, refusal, sent } = await aCallThrough(
      { CALLER_TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' },
      lines,
    )

    expect(intent).toMatchObject({ kind: 'intent', peer: '127.0.0.1', claimedFor: '203.0.113.7' })
    expect(refusal).toMatchObject({ kind: 'refusal', peer: '127.0.0.1', claimedFor: '203.0.113.7' })
    expect(sent).not.toMatch(/forwarded|203\.0\.113\.7/i)
    expect(logged).not.toContain('203.0.113.7')
  })

  it('that claims nothing readable, records say that', async () => {
    const { everything, intent, refusal } = await aCallThrough({ CALLER_TRUSTED_PROXIES: '127.0.0.1' }, [
      'X-Forwarded-For: 198.51.100.1, somebody',
    ])

    expect(intent).toMatchObject({ peer: '127.0.0.1', noClaim: 'unreadable' })
    expect(refusal).toMatchObject({ peer: '127.0.0.1', noClaim: 'unreadable' })
    expect(everything).not.toMatch(/somebody|198\.51\.100\.1/)
  })
})

describe('where the peer is not trusted', () => {
  it.each([{}, { CALLER_TRUSTED_PROXIES: '10.0.0.0/8' }])('(%j) nothing of it is read', async (environment) => {
    const { everything, intent, refusal } = await aCallThrough(environment, lines)

    expect(Object.keys({ ...intent, ...refusal })).not.toContain('claimedFor')
    expect(Object.keys({ ...intent, ...refusal })).not.toContain('noClaim')
    expect(everything).not.toMatch(/203\.0\.113\.7|198\.51\.100\.1/)
  })
})
