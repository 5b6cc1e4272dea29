import * as E from 'fp-ts/lib/Either.js'
import * as T from 'fp-ts/lib/Task.js'
import { describe, expect, it } from 'vitest'
import { aCall } from '../../test/a-call.js'
import { aCreateRequest, withHeader } from '../../test/a-request.js'
import { anEntraIssuer, someTokenRules } from '../../test/a-trusted-issuer.js'
import { authenticate, type AuthenticatePorts, type SignatureCheck } from './authenticate.js'
import type { ProvedCaller } from './claims.js'
import { spend } from './token-bucket.js'

const receivedAt = new Date('2026-11-23T12:00:00Z')
const nowInSeconds = receivedAt.getTime() / 1_000

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const claims = {
  iss: anEntraIssuer.issuer,
  aud: 'a1',
  ver: '2.0',
  tid: 't1',
  sub: 'o1',
  oid: 'o1',
  azp: 'c1',
  uti: 'u1',
  idtyp: 'app',
  roles: ['P'],
  iat: nowInSeconds - 60,
  nbf: nowInSeconds - 60,
  exp: nowInSeconds + 600,
}

const caller = {
  kind: 'application',
  issuer: anEntraIssuer.issuer,
  tenantId: 't1',
  objectId: 'o1',
  appId: 'c1',
  tokenId: 'u1',
  keyId: 'k1',
} as const

const tokenOf = (change: object = {}): string =>
  `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part({ ...claims, ...change })}.c2ln`

const genuine: SignatureCheck = { _tag: 'Genuine', isKeyTrusted: () => true }

interface World {
  readonly token?: string
  readonly check?: SignatureCheck
  readonly before?: ProvedCaller
  readonly ports?: Partial<AuthenticatePorts>
  readonly receivedAt?: Date
}

/** Authenticates a request, and notes whose keys were asked and what was remembered. */
const authenticated = async (world: World = {}) => {
  const { before, check = genuine, ports, token = tokenOf() } = world
  const asked: Array<string> = []
  const remembered: Array<string> = []
  const request = withHeader(
    aCreateRequest({ receivedAt: world.receivedAt ?? receivedAt }),
    'authorization',
    `Bearer ${token}`,
  )
  const result = await authenticate({
    trustedIssuers: [{ ...anEntraIssuer, issuer: 'https://login.example/other/v2.0' }, anEntraIssuer],
    tokenRules: { ...someTokenRules, audiences: ['a1', 'a2'], graphAudiences: ['https://graph.example'] },
    checkSignature: ({ issuer }) => {
      asked.push(issuer)
      return T.of(check)
    },
    provedTokens: {
      recall: () => () => before,
      remember: (_token, proved) => () => void remembered.push(proved.caller.objectId),
    },
    callerRates: undefined,
    upstreamPolicy: { mode: 'app', own: { kind: 'application' } },
    ...ports,
  })({ request, route: aCall().route })()
  return { asked, remembered, result }
}

describe('a token that was not seen before', () => {
  it('is proved by the keys of its own issuer, and remembered', async () => {
    expect(await authenticated()).toEqual({
      asked: [anEntraIssuer.issuer],
      remembered: ['o1'],
      result: E.right({ caller, upstream: { kind: 'application' } }),
    })
  })

  it.each<[string, World, object]>([
    ['of another issuer', { token: tokenOf({ iss: 'https://evil.example' }) }, { reason: 'issuer' }],
    ['of none', { token: tokenOf({ iss: undefined }) }, { reason: 'issuer' }],
    [
      'that is meant for Graph',
      { token: tokenOf({ aud: 'https://graph.example' }) },
      { reason: 'graphTokenPresented' },
    ],
    ['that is none', { token: 'a.b' }, { reason: 'notAJws' }],
    ['that nobody signed', { check: { _tag: 'NotGenuine', reason: 'signature' } }, { reason: 'signature' }],
    ['of a key that is not there', { check: { _tag: 'NotGenuine', reason: 'keyUnknown' } }, { reason: 'keyUnknown' }],
    ['whose time is over', { token: tokenOf({ exp: nowInSeconds - 600 }) }, { reason: 'expired', caller }],
  ])('%s is refused with the audience to ask for, and not remembered', async (_, world, error) => {
    const { remembered, result } = await authenticated(world)

    expect(result).toEqual(E.left({ _tag: 'TokenInvalid', audience: 'a1', ...error }))
    expect(remembered).toEqual([])
  })

  it('cannot be judged while the keys cannot be had', async () => {
    const { remembered, result } = await authenticated({ check: { _tag: 'KeysUnavailable', cause: 'no connection' } })

    expect(result).toEqual(E.left({ _tag: 'AuthKeysUnavailable', cause: 'no connection' }))
    expect(remembered).toEqual([])
  })
})

describe('a token that was proved before', () => {
  const times = { iat: claims.iat, nbf: claims.nbf, exp: claims.exp }
  const before: ProvedCaller = { caller: { ...caller, objectId: 'as it was proved' }, times }

  it('is known again, and its signature is not looked at', async () => {
    const { asked, remembered, result } = await authenticated({ before })

    expect(result).toMatchObject(E.right({ caller: { objectId: 'as it was proved' } }))
    expect([asked, remembered]).toEqual([[], []])
  })

  it('is judged anew once its time is over', async () => {
    const { asked, result } = await authenticated({ before, receivedAt: new Date(receivedAt.getTime() + 900_000) })

    expect(result).toMatchObject(E.left({ reason: 'expired' }))
    expect(asked).toEqual([anEntraIssuer.issuer])
  })
})

describe('a caller whose calls are counted', () => {
  const rates = (calls: number): Partial<AuthenticatePorts> => {
    let bucket: Parameters<typeof spend>[1]
    return {
      callerRates: () => () => {
        const spent = spend({ calls, seconds: 20 }, bucket, 0)
        ;({ bucket } = spent)
        return spent
      },
    }
  }

  it('has what is left told with what it is admitted to', async () => {
    expect((await authenticated({ ports: rates(2) })).result).toMatchObject(
      E.right({ caller, quota: { calls: 2, seconds: 20, remaining: 1 } }),
    )
  })

  it('is refused when nothing is left, by name', async () => {
    const ports = rates(1)
    await authenticated({ ports })

    expect((await authenticated({ ports })).result).toMatchObject(
      E.left({ _tag: 'CallerRateLimited', caller, quota: { remaining: 0, nextInSeconds: 20 } }),
    )
  })

  it('has what is left told as well where Graph may not be called for it', async () => {
    const upstreamPolicy = {
      mode: 'on-behalf-of',
      own: { kind: 'application' },
      clientId: 'c',
      tenantId: 't1',
    } as const

    expect((await authenticated({ ports: { ...rates(2), upstreamPolicy } })).result).toMatchObject(
      E.left({ _tag: 'CallerNotAllowed', why: 'userNeeded', quota: { remaining: 1 } }),
    )
    expect((await authenticated({ ports: { upstreamPolicy } })).result).toEqual(
      E.left({ _tag: 'CallerNotAllowed', why: 'userNeeded', caller }),
    )
  })
})
