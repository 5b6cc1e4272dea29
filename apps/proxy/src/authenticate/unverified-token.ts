import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { TokenInvalidReason } from '../domain/proxy-error.js'
import { parseStrictJson } from '../domain/strict-json.js'
import type { TokenRules } from './token-rules.js'

/** A compact JWS that is well formed. Nothing in it is proved before its signature is. */
export interface UnverifiedToken {
  readonly token: string
  readonly algorithm: string
  readonly keyId: string
  /** Whom it says to be from; undefined when that is no text. */
  readonly issuer: string | undefined
  readonly payload: unknown
}

const longestTokenInCharacters = 8192
const longestKeyId = 256
const headerMembers: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'x5t'])

const Header = t.type({ alg: t.string, typ: t.string, kid: t.string })

const compact = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const bytesOf = (base64url: string): Uint8Array =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))

/** Canonical base64url alone: another spelling of the same bytes would be another token with the same signature. */
const isCanonical = (base64url: string): boolean => {
  const spare = base64url.length % 4
  if (spare === 1) return false
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(base64url.at(-1) ?? '')
  return spare === 0 || last % (spare === 2 ? 16 : 4) === 0
}

const jsonOf = (base64url: string): unknown => {
  try {
    const parsed = parseStrictJson(decoder.decode(bytesOf(base64url)))
    return parsed._tag === 'Json' ? parsed.value : undefined
  } catch {
    return undefined
  }
}

const isTaken = (header: unknown, { algorithms, tokenTypes }: TokenForm): header is t.TypeOf<typeof Header> =>
  Header.is(header) &&
  algorithms.includes(header.alg) &&
  tokenTypes.includes(header.typ) &&
  header.kid.length > 0 &&
  header.kid.length <= longestKeyId &&
  Object.keys(header).every((name) => headerMembers.has(name))

type TokenForm = Pick<TokenRules, 'algorithms' | 'tokenTypes'>

/**
 * Reads a token without believing it: at most 8,192 characters, three parts, canonical base64url, strict JSON, and a
 * header of known members that asks for an algorithm and a type that we take. Does not look at the signature or at any
 * claim. RFC 7515 §7.1, RFC 8725 §3.1 and §3.11.
 */
export const readUnverified =
  (form: TokenForm) =>
  (token: string): E.Either<TokenInvalidReason, UnverifiedToken> => {
    if (token.length > longestTokenInCharacters) return E.left('tooLong')
    const parts = compact.exec(token)?.slice(1)
    if (parts === undefined || !parts.every(isCanonical)) return E.left('notAJws')
    const [header, payload] = parts.slice(0, 2).map(jsonOf)
    if (!isTaken(header, form)) return E.left('header')
    if (!t.UnknownRecord.is(payload)) return E.left('payload')
    const issuer = typeof payload['iss'] === 'string' ? payload['iss'] : undefined
    return E.right({ token, algorithm: header.alg, keyId: header.kid, issuer, payload })
  }
