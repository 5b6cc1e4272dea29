import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, it } from 'vitest'
import { aCall } from '../../test/a-call.js'
import { withHeader } from '../../test/a-request.js'
import type { Call } from '../domain/call.js'
import type { TokensByAssertion } from './lru-tokens-by-assertion.js'
import type { RenewingToken } from './renewing-tokens.js'
import { upstreamTokens } from './upstream-tokens.js'

const deadline = { atInMs: 1_000 }
const ofApplication = aCall()
const ofUser: Call = { ...aCall(), upstream: { kind: 'user', clientId: 'c', tenantId: 't', objectId: 'u1' } }

/** Tokens, and all that is asked of those who have them. */
const tokens = (change: Partial<RenewingToken & TokensByAssertion> = {}) => {
  const asked: Array<ReadonlyArray<unknown>> = []
  const own: RenewingToken = {
    take: (...args) => {
      asked.push(['own', ...args])
      return TE.right('own token')
    },
    drop:
      (...args) =>
      () =>
        void asked.push(['drop own', ...args]),
    ...change,
  }
  const onBehalfOf: TokensByAssertion = {
    take: (...args) => {
      asked.push(['on behalf', ...args])
      return TE.right('token of the user')
    },
    drop:
      (...args) =>
      () =>
        void asked.push(['drop on behalf', ...args]),
  }
  return { asked, ...upstreamTokens(own, onBehalfOf) }
}

describe('a token for Graph', () => {
  it('is the gateway’s own where the call is made in its name', async () => {
    const { asked, drop, take } = tokens()

    expect(await take(ofApplication, deadline)()).toEqual(E.right('own token'))
    drop(ofApplication, 'x')()
    expect(asked).toEqual([
      ['own', deadline],
      ['drop own', 'x'],
    ])
  })

  it('is got with the caller’s token, for the user, where it is made in the user’s', async () => {
    const { asked, drop, take } = tokens()

    expect(await take(ofUser, deadline)()).toEqual(E.right('token of the user'))
    drop(ofUser, 'x')()
    expect(asked).toEqual([
      ['on behalf', 'u1', 'aaa.bbb.ccc', deadline],
      ['drop on behalf', 'aaa.bbb.ccc', 'x'],
    ])
  })

  it('is asked for with nothing where the caller’s token is not to be read', async () => {
    const { asked, take } = tokens()
    await take({ ...ofUser, request: withHeader(ofUser.request, 'authorization', undefined) }, deadline)()

    expect(asked).toEqual([['on behalf', 'u1', '', deadline]])
  })
})

describe('when the process ends', () => {
  const ended = E.left({ _tag: 'UpstreamAuthUnavailable', cause: 'the process ends' })

  it('whoever waits for a token is let go', async () => {
    const { end, take } = tokens({ take: () => () => new Promise(() => undefined) })
    const [first, second] = [take(ofApplication, deadline)(), take(ofApplication, deadline)()]
    end()

    expect(await Promise.all([first, second])).toEqual([ended, ended])
  })

  it('nobody gets one any more, and nobody is asked for one', async () => {
    let asked = 0
    const { end, take } = tokens({
      take: () => () => {
        asked++
        return Promise.resolve(E.right('token'))
      },
    })
    end()

    expect(await take(ofApplication, deadline)()).toEqual(ended)
    expect(asked).toBe(0)
  })

  it('what came before stays as it was', async () => {
    const { end, take } = tokens()
    const result = await take(ofApplication, deadline)()
    end()

    expect(result).toEqual(E.right('own token'))
  })
})
