import * as t from 'io-ts'
import { DescribedType } from './described-type.js'

export interface Field<A, Presence extends 'required' | 'optional'> {
  readonly presence: Presence
  readonly codec: t.Type<A>
}

/** One field for each property of `A`, required or optional as the property is: another table does not compile. */
export type Fields<A> = {
  readonly [K in keyof A]-?: A extends Readonly<Record<K, unknown>>
    ? Field<A[K], 'required'>
    : Field<Exclude<A[K], undefined>, 'optional'>
}

/** What becomes of properties that the table does not name: `keep` leaves them, `refuse` gives one error for each. */
export type OtherProperties = 'keep' | 'refuse'

export const required = <A>(codec: t.Type<A>): Field<A, 'required'> => ({ presence: 'required', codec })
export const optional = <A>(codec: t.Type<A>): Field<A, 'optional'> => ({ presence: 'optional', codec })

const isObject = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === 'object' && u !== null && !Array.isArray(u)

/** The type that stands for a property that nobody has heard of; no value is one. It names those that are known. */
export class NoSuchProperty extends DescribedType<never> {
  readonly known: ReadonlyArray<string>

  constructor(known: ReadonlyArray<string>) {
    super('NoSuchProperty', (_u): _u is never => false, {
      mismatch: 'extra',
      expected: `no property of this name; there are ${known.join(', ')}`,
    })
    this.known = known
  }
}

/**
 * An object codec. It looks at own properties alone, so that nothing inherited can stand in for a missing one, and it
 * gives the object back as it came: no copy, no prototype touched.
 */
export const record = <A>(name: string, fields: Fields<A>, others: OtherProperties): t.Type<A> => {
  const table: ReadonlyArray<readonly [string, Field<unknown, 'required' | 'optional'>]> = Object.entries(fields)
  const known: ReadonlySet<string> = new Set(table.map(([key]) => key))
  const noSuchProperty = new NoSuchProperty([...known])

  const errorsIn = (u: Readonly<Record<string, unknown>>, context: t.Context): t.Errors => {
    const errors: t.Errors = []
    for (const [key, { codec, presence }] of table) {
      if (!Object.hasOwn(u, key) && presence === 'optional') continue
      const value = Object.hasOwn(u, key) ? u[key] : undefined
      const result = codec.validate(value, t.appendContext(context, key, codec, value))
      if (result._tag === 'Left') errors.push(...result.left)
    }
    if (others === 'refuse') {
      for (const key of Object.keys(u)) {
        if (known.has(key)) continue
        errors.push({ value: u[key], context: t.appendContext(context, key, noSuchProperty, u[key]) })
      }
    }
    return errors
  }

  const is = (u: unknown): u is A =>
    isObject(u) &&
    table.every(([key, { codec, presence }]) => (Object.hasOwn(u, key) ? codec.is(u[key]) : presence === 'optional')) &&
    (others === 'keep' || Object.keys(u).every((key) => known.has(key)))

  return new t.Type<A>(
    name,
    is,
    (u, context) => {
      if (is(u)) return t.success(u)
      return isObject(u) ? t.failures(errorsIn(u, context)) : t.failure(u, context)
    },
    t.identity,
  )
}
