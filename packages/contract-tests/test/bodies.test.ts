import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleWith } from './a-create.js'
import { errorIn, exchange } from './support/exchange.js'
import { expectRefused } from './support/expect-refused.js'
import { startSystem, type System } from './support/start-system.js'

// One body for each way of being refused, before the double. All that can be wrong with a body is in the proxy's own
// tests, test/battery/bodies.test.ts there.

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

describe('a body that Graph never sees', () => {
  it('is no JSON, and is told where it stops to be, in bytes', async () => {
    const refused = await exchange(system, { body: '{"deviceName": "é", x}' })

    expectRefused(refused, 400, 'malformedJson')
    expect(errorIn(refused.answer).message).toContain('at byte 21')
  })

  it('is wrong in several places, which are told at once, and no value is', async () => {
    const body = exampleWith({ deviceName: 7, installState: 'here', userName: ['a person'], deviceNme: 'a secret' })
    const refused = await exchange(system, { body })

    expectRefused(refused, 400, 'bodyInvalid')
    expect(errorIn(refused.answer).details).toMatchObject([
      { code: 'type', target: '/deviceName' },
      { code: 'enum', target: '/installState' },
      { code: 'type', target: '/userName' },
      { code: 'extra', target: '/deviceNme', message: expect.stringContaining('Did you mean deviceName?') },
    ])
    expect(refused.records[0]?.['problems']).toEqual([
      { code: 'type', pointer: '/deviceName' },
      { code: 'enum', pointer: '/installState' },
      { code: 'type', pointer: '/userName' },
      { code: 'extra' },
    ])
    expect(refused.answer.text).not.toMatch(/a person|a secret|here"/)
  })

  it('is too large', async () => {
    expectRefused(await exchange(system, { body: ' '.repeat(32 * 1024 + 1) }), 413, 'bodyTooLarge')
  })

  it('is of another media type, or in an encoding', async () => {
    expectRefused(await exchange(system, { headers: { 'Content-Type': 'text/plain' } }), 415, 'unsupportedMediaType')
    expectRefused(await exchange(system, { headers: { 'Content-Encoding': 'gzip' } }), 415, 'unsupportedMediaType')
  })
})
