import * as t from 'io-ts'

const claim = <A>(name: string, is: (u: unknown) => u is A): t.Type<A> =>
  new t.Type<A>(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)

/** Seconds since 1970, whole ones. */
const Time: t.Type<number> = claim(
  'Time',
  (u): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= 0,
)

/** Something that ends up on record: neither empty nor long. */
export const Text: t.Type<string> = claim(
  'Text',
  (u): u is string => typeof u === 'string' && u.length > 0 && u.length <= 256,
)

/** The claims that every token has, RFC 9068 §2.2. */
export const RegisteredClaims = t.intersection([
  t.type({ iss: t.string, aud: t.string, sub: Text, exp: Time, iat: Time }),
  // `cnf`: RFC 7800, whatever is in it.
  t.partial({ nbf: Time, jti: Text, cnf: t.unknown }),
])
export type RegisteredClaims = t.TypeOf<typeof RegisteredClaims>
