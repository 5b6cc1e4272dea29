import * as t from 'io-ts'
import { type Described, type Description, leaf } from './described.js'

const description = { json: 'array', expected: 'a JSON array', mismatch: 'type' } as const

/** Any JSON array, whatever its items. */
export const anyArray: Described<ReadonlyArray<unknown>> = leaf(
  'array',
  (u): u is ReadonlyArray<unknown> => Array.isArray(u),
  description,
)

/** Any JSON object, whatever its members. */
export const anyObject: Described<Readonly<Record<string, unknown>>> = leaf(
  'object',
  (u): u is Readonly<Record<string, unknown>> => typeof u === 'object' && u !== null && !Array.isArray(u),
  { json: 'object', expected: 'a JSON object', mismatch: 'type' },
)

/** Of an array's items, or of properties that nobody knows, no more errors are given than this. */
export const mostErrors = 32

/** What makes a codec of a kind of values, of which those are good in which no errors are found. */
export const codecOf = <A, K>(
  isOfKind: (u: unknown) => u is K,
  errorsIn: (u: K, context: t.Context) => t.Errors,
): { readonly is: t.Is<A>; readonly validate: t.Validate<unknown, A> } => {
  // What is in `A` is known to the fields or items alone: that there are no errors is the proof.
  const isGood = (_u: unknown, errors: t.Errors): _u is A => errors.length === 0
  const validate = (u: unknown, context: t.Context): t.Validation<A> => {
    if (!isOfKind(u)) return t.failure(u, context)
    const errors = errorsIn(u, context)
    return isGood(u, errors) ? t.success(u) : t.failures(errors)
  }
  return { is: (u): u is A => validate(u, [])._tag === 'Right', validate }
}

/** A genuine `t.ArrayType` of described items: like `t.array`, but read-only, and it gives the array back as it came. */
export interface ArrayCodec<A> extends t.ArrayType<Described<A>, ReadonlyArray<A>, ReadonlyArray<A>> {
  readonly description: Description
}

export const arrayCodec = <A>(item: Described<A>): ArrayCodec<A> => {
  const { is, validate } = codecOf<ReadonlyArray<A>, ReadonlyArray<unknown>>(anyArray.is, (u, context) => {
    const errors: t.Errors = []
    // By index, since a hole is no item. How many errors there could be is the sender's choice.
    for (let index = 0; index < u.length && errors.length < mostErrors; index++) {
      const value = u[index]
      if (item.is(value)) continue
      const result = item.validate(value, t.appendContext(context, String(index), item, value))
      if (result._tag === 'Left') errors.push(...result.left)
    }
    return errors
  })
  return Object.assign(
    new t.ArrayType<Described<A>, ReadonlyArray<A>, ReadonlyArray<A>>(
      `ReadonlyArray<${item.name}>`,
      is,
      validate,
      t.identity,
      item,
    ),
    { description },
  )
}
