import * as E from 'fp-ts/lib/Either.js'
import type { Answer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import type { ProxyError } from '../domain/proxy-error.js'
import type { KeyClaim, KeyForm, KeyHolder } from './audit-store.js'
import { canonicalJson } from './canonical-json.js'

/** What idempotency keys ask of the keys of the ledger. */
export interface IdempotencyPorts {
  /** The digests that a value may have in the ledger, one a key, newest first. */
  readonly digestsOf: (field: string, value: string) => ReadonlyArray<string>
  /** Makes of an answer a text that only who knows the secret can have opened. */
  readonly sealAnswer: (secret: string, answer: Answer) => string
  /** Undefined when it is not ours, or the key that it was sealed with is gone. */
  readonly openAnswer: (secret: string, sealed: string) => Answer | undefined
}

/** A caller's key is its own: two callers may use the same. A tenant has an issuer for each version of its tokens. */
const scopeOf = ({ caller }: Call): string => JSON.stringify([caller.tenantId ?? caller.issuer, caller.objectId])

/** Known to nobody but the caller. */
const secretOf = (call: Call, key: string): string => `${scopeOf(call)}\0${key}`

const askedFor = ({ body, route }: Call): string => {
  const content = canonicalJson(body)
  return JSON.stringify([route.operation, route.version, { ...route.ids }, E.isRight(content) ? content.right : ''])
}

/** The claim of a call to its key, in each form in which the ledger may know it. */
export const claimOf = ({ digestsOf }: IdempotencyPorts, call: Call, key: string): KeyClaim | undefined => {
  const fingerprints = digestsOf('idempotent call', askedFor(call))
  const [first, ...others] = digestsOf('Idempotency-Key', secretOf(call, key)).map(
    (digest, index): KeyForm => ({ key: digest, fingerprint: fingerprints[index] ?? '' }),
  )
  return first === undefined ? undefined : { forms: [first, ...others] }
}

export const sealedAnswer = ({ sealAnswer }: IdempotencyPorts, call: Call, key: string, answer: Answer): string =>
  sealAnswer(secretOf(call, key), answer)

/** An answer that was given before, and to which call. */
export interface EarlierAnswer {
  readonly auditId: string
  readonly answer: Answer
}

/** What becomes of a call whose key is held by another: Left refuses it. */
export const earlierAnswer = (
  { openAnswer }: IdempotencyPorts,
  call: Call,
  key: string,
  { answer, auditId, isSameCall, outcome }: KeyHolder,
): E.Either<ProxyError, EarlierAnswer> => {
  if (!isSameCall) return E.left({ _tag: 'IdempotencyKeyReused', earlierAuditId: auditId })
  if (outcome === undefined) return E.left({ _tag: 'DuplicateInProgress', earlierAuditId: auditId })
  const opened = answer === undefined ? undefined : openAnswer(secretOf(call, key), answer)
  return opened === undefined
    ? E.left({ _tag: 'DuplicateOfIndeterminate', earlierAuditId: auditId })
    : E.right({ auditId, answer: opened })
}
