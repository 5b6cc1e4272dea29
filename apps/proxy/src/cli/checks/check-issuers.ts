import * as E from 'fp-ts/lib/Either.js'
import { wordsOfKeyFault } from '../../authenticate/jose-issuer-keys.js'
import { josePublishedKeys, type PublishedKeys } from '../../authenticate/jose-published-keys.js'
import type { Config } from '../../config/index.js'
import type { UndiciBoundedFetch } from '../../forward/undici-bounded-fetch.js'
import type { Finding, Findings } from './finding.js'
import { whatToDo } from './what-to-do.js'

type Issuer = Config['callers']['issuers'][number]

interface Looked {
  readonly issuer: Issuer
  readonly keys: E.Either<string, PublishedKeys>
  readonly aheadInSeconds: number | undefined
}

const lookAt = async (config: Config, fetch: UndiciBoundedFetch['fetch'], issuer: Issuer): Promise<Looked> => {
  let aheadInSeconds: number | undefined
  try {
    const keys = await josePublishedKeys(
      {
        issuer,
        fetch,
        algorithms: config.callers.rules.algorithms,
        dangerouslyAllowPlainHttp: config.dangerouslyAllowPlainHttp,
        onClock: (ahead) => {
          aheadInSeconds = ahead
        },
      },
      undefined,
    )
    return { issuer, keys: E.right(keys), aheadInSeconds }
  } catch (fault) {
    return { issuer, keys: E.left(wordsOfKeyFault(fault)), aheadInSeconds }
  }
}

const findingOfKeys =
  (taken: ReadonlyArray<string>) =>
  ({ issuer: { issuer: about }, keys }: Looked): Finding => {
    const check = 'issuerKeys'
    if (E.isLeft(keys))
      return { check, result: 'fail', about, what: `its keys cannot be had: ${keys.left}`, ...whatToDo(keys.left) }
    const algorithms = new Set([...keys.right.values()].flatMap((key) => key.algorithms))
    return keys.right.size === 0
      ? {
          check,
          result: 'fail',
          about,
          what: `it publishes no key for ${taken.join(', ')}`,
          toDo: 'see that CALLER_ALGORITHMS has the algorithm that it signs with',
        }
      : { check, result: 'ok', about, what: `${String(keys.right.size)} key(s), for ${[...algorithms].join(', ')}` }
  }

// As start-proxy.ts has it: with more, tokens are refused that are good.
const clockToleranceInSeconds = 30

const findingOfClock = (looked: ReadonlyArray<Looked>): Finding => {
  const [worst] = looked
    .flatMap(({ aheadInSeconds: ahead, issuer }) => (ahead === undefined ? [] : [{ ahead, about: issuer.issuer }]))
    .sort((one, other) => Math.abs(other.ahead) - Math.abs(one.ahead))
  if (worst === undefined) return { check: 'clock', result: 'unknown', what: 'no issuer told what time it is' }
  const { about, ahead } = worst
  // Of the time that a header says, less than a second is left away.
  const what =
    Math.abs(ahead) <= 1
      ? 'the clock of this host is that of the issuer'
      : `the clock of this host is ${String(Math.abs(ahead))} seconds ${ahead > 0 ? 'behind' : 'ahead of'} the issuer’s`
  return Math.abs(ahead) <= clockToleranceInSeconds
    ? { check: 'clock', result: 'ok', about, what }
    : { check: 'clock', result: 'fail', about, what, toDo: 'set the clock (NTP): tokens that are good are refused' }
}

/** Reads discovery document and keys of each issuer, and compares clocks by what it says of the time. */
export const checkIssuers = async (config: Config, fetch: UndiciBoundedFetch['fetch']): Promise<Findings> => {
  const { issuers, rules } = config.callers
  const looked = await Promise.all(issuers.map((issuer) => lookAt(config, fetch, issuer)))
  return [...looked.map(findingOfKeys(rules.algorithms)), findingOfClock(looked)]
}
