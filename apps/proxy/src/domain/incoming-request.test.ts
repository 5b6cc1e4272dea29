import { describe, expect, it } from 'vitest'
import { aCreateRequest, withHeader } from '../../test/a-request.js'
import { idempotencyKeyOf } from './idempotency-key.js'
import { callerRequestIdOf, callerRequestIdIn } from './incoming-request.js'

const guid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'

describe('the client-request-id of a caller', () => {
  it.each([guid, guid.toUpperCase()])('is its own if it is a GUID: %s', (id) => {
    const request = withHeader(aCreateRequest(), 'client-request-id', id)

    expect(callerRequestIdOf(request)).toBe(id)
    expect(callerRequestIdIn(request)).toEqual({ callerRequestId: id })
  })

  it.each([
    '',
    'x',
    `x${guid}`,
    `${guid}x`,
    `{${guid}}`,
    ...guid.split('-').map((group) => guid.replace(group, group.slice(1))),
    ...guid.split('-').map((group) => guid.replace(group, `g${group.slice(1)}`)),
  ])('is ignored, and that is told, if it is none: %j', (id) => {
    const request = withHeader(aCreateRequest(), 'client-request-id', id)

    expect(callerRequestIdOf(request)).toBeUndefined()
    expect(callerRequestIdIn(request)).toEqual({ callerRequestIdIgnored: true })
  })

  it('may be absent, of which nothing is told', () => {
    expect(callerRequestIdOf(aCreateRequest())).toBeUndefined()
    expect(callerRequestIdIn(aCreateRequest())).toEqual({})
  })
})

describe('an idempotency key', () => {
  it.each(['x', '"k1"', '!~', 'k'.repeat(255)])('is 1 to 255 visible ASCII characters: %s', (key) => {
    expect(idempotencyKeyOf(withHeader(aCreateRequest(), 'idempotency-key', key))).toMatchObject({ right: key })
  })

  it.each(['', ' k', 'k ', 'k k', 'ké', 'k'.repeat(256)])('is none otherwise: %j', (key) => {
    expect(idempotencyKeyOf(withHeader(aCreateRequest(), 'idempotency-key', key))).toEqual({
      _tag: 'Left',
      left: { _tag: 'IdempotencyKeyMalformed' },
    })
  })

  it('may be absent', () => {
    expect(idempotencyKeyOf(aCreateRequest())).toMatchObject({ _tag: 'Right', right: undefined })
  })
})
