import type * as T from 'fp-ts/lib/Task.js'
import type { SignatureCheck } from './authenticate.js'
import { type IssuerKeys, type IssuerKeysSettings, joseIssuerKeys } from './jose-issuer-keys.js'
import { isSignedBy } from './node-jws.js'
import type { TrustedIssuer } from './trusted-issuer.js'
import type { UnverifiedToken } from './unverified-token.js'

export interface SignatureChecksSettings extends Omit<IssuerKeysSettings, 'issuer'> {
  readonly issuers: ReadonlyArray<TrustedIssuer>
}

export interface SignatureChecks {
  readonly check: (issuer: TrustedIssuer, token: UnverifiedToken) => T.Task<SignatureCheck>
  /** Gets the keys of all issuers, tries again until they are there, and renews them. Call it once. */
  readonly begin: () => void
  /** Why no token can be checked; undefined when those of one issuer can. */
  readonly problem: () => string | undefined
  /** Of each issuer: how long ago its keys were last fetched, if they were. */
  readonly ages: ReadonlyMap<string, () => number | undefined>
  readonly stop: () => void
}

const checkWith = async (keys: IssuerKeys | undefined, token: UnverifiedToken): Promise<SignatureCheck> => {
  const found = await keys?.keyFor(token)
  if (found === undefined) return { _tag: 'NotGenuine', reason: 'keyUnknown' }
  if (found._tag === 'Unavailable') return { _tag: 'KeysUnavailable', cause: found.cause }
  if (found._tag === 'NotFound') return { _tag: 'NotGenuine', reason: found.reason }
  return isSignedBy(found.key, token.algorithm, token.token)
    ? { _tag: 'Genuine', isKeyTrusted: found.isTrusted }
    : { _tag: 'NotGenuine', reason: 'signature' }
}

/**
 * Proves the signature of a token with the key of that name of its issuer, by the algorithm of its header, which must be
 * one that we take. Does not look at claims. Never rejects.
 */
export const nodeSignatureChecks = ({ issuers, ...settings }: SignatureChecksSettings): SignatureChecks => {
  const keysOf = new Map(issuers.map((issuer) => [issuer.issuer, joseIssuerKeys({ ...settings, issuer })]))
  const everyKeys = [...keysOf.values()]
  return {
    check: (issuer, token) => () => checkWith(keysOf.get(issuer.issuer), token),
    begin: () => everyKeys.forEach(({ begin }) => begin()),
    problem: () => {
      const problems = everyKeys.map(({ problem }) => problem())
      return problems.every((problem) => problem !== undefined) ? problems[0] : undefined
    },
    ages: new Map([...keysOf].map(([issuer, { ageInMs }]) => [issuer, ageInMs])),
    stop: () => everyKeys.forEach(({ stop }) => stop()),
  }
}
