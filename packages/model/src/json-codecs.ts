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

/** A genuine `t.ArrayType` of described items: like `t.array`, but read-only, and it gives the array back as it came. */
export interface ArrayCodec<A> extends t.ArrayType<Described<A>, ReadonlyArray<A>, ReadonlyArray<A>> {
  readonly description: Description
}

export const arrayCodec = <A>(item: Described<A>): ArrayCodec<A> => {
  const is = (u: unknown): u is ReadonlyArray<A> => anyArray.is(u) && u.every(item.is)
  return Object.assign(
    new t.ArrayType<Described<A>, ReadonlyArray<A>, ReadonlyArray<A>>(
      `ReadonlyArray<${item.name}>`,
      is,
      (u, context) => {
        if (is(u)) return t.success(u)
        if (!anyArray.is(u)) return t.failure(u, context)
        return t.failures(
          u.flatMap((value, index) => {
            const result = item.validate(value, t.appendContext(context, String(index), item, value))
            return result._tag === 'Left' ? result.left : []
          }),
        )
      },
      t.identity,
      item,
    ),
    { description },
  )
}
