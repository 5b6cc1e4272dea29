import * as t from 'io-ts'
import { type AnyDescribed, type Described, type Description, leaf } from './described.js'
import { anyObject, codecOf, mostErrors } from './json-codecs.js'

/** One property of an object codec. */
export interface ObjectField {
  readonly codec: AnyDescribed
  readonly isRequired: boolean
}

/** One field for each property of `A`, required or optional as the property is: another table does not compile. */
export type ObjectFields<A> = {
  readonly [K in keyof A]-?: {
    readonly codec: Described<Exclude<A[K], undefined>>
    readonly isRequired: A extends Readonly<Record<K, unknown>> ? true : false
  }
}

export const required = <A>(codec: Described<A>): { readonly codec: Described<A>; readonly isRequired: true } => ({
  codec,
  isRequired: true,
})

export const optional = <A>(codec: Described<A>): { readonly codec: Described<A>; readonly isRequired: false } => ({
  codec,
  isRequired: false,
})

/** What becomes of properties that the codec does not name: `open` keeps them, `closed` gives one error for each. */
export type OtherProperties = 'open' | 'closed'

/**
 * An io-ts codec of an object, and what there is to know of it. It is a genuine `t.IntersectionType` of what is
 * required and what is optional, so io-ts's own combinators take it.
 */
export interface ObjectCodec<A>
  extends t.IntersectionType<[t.InterfaceType<t.AnyProps>, t.PartialType<t.AnyProps>], A, A> {
  readonly description: Description
  readonly fields: Readonly<Record<string, ObjectField>>
  readonly otherProperties: OtherProperties
  readonly shortcut: Shortcut | undefined
}

/** An object codec, whatever it decodes to. */
export interface AnyObjectCodec extends AnyDescribed {
  readonly fields: Readonly<Record<string, ObjectField>>
  readonly otherProperties: OtherProperties
}

/** The fields of a codec, written out by hand: faster than a loop over them. */
export interface Shortcut {
  /** Does a value have all that is required, and nothing that does not fit? `false` where that cannot be told quickly. */
  readonly fits: (u: object) => boolean
  /** Is it the name of a field? */
  readonly knows: (name: string) => boolean
}

const noErrors: t.Errors = []

type JsonObject = Readonly<Record<string, unknown>>

/** What makes a codec of fields. */
const checksOf = <A>(
  fields: ReadonlyArray<readonly [string, ObjectField]>,
  otherProperties: OtherProperties,
  shortcut?: Shortcut,
): { readonly is: t.Is<A>; readonly validate: t.Validate<unknown, A>; readonly props: t.AnyProps } => {
  const props = Object.fromEntries(fields.map(([name, { codec }]) => [name, codec]))
  const isClosed = otherProperties === 'closed'

  /** The type that stands for a property that nobody has heard of; no value is one. */
  const noSuchProperty = leaf('NoSuchProperty', (_u): _u is never => false, {
    json: 'nothing',
    expected: 'no property of this name',
    mismatch: 'extra',
    members: Object.keys(props),
  })

  const isShort = (u: object): boolean => {
    if (shortcut?.fits(u) !== true) return false
    if (isClosed) for (const name in u) if (!shortcut.knows(name)) return false
    return true
  }

  // Own properties alone, so that nothing inherited can stand in for a missing one. An optional one may be `undefined`,
  // as in `t.partial`.
  const errorsIn = (u: JsonObject, context: t.Context): t.Errors => {
    if (isShort(u)) return noErrors
    const errors: t.Errors = []
    for (const [name, { codec, isRequired }] of fields) {
      const value = Object.hasOwn(u, name) ? u[name] : undefined
      if ((value === undefined && !isRequired) || codec.is(value)) continue
      const result: t.Validation<unknown> = codec.validate(value, t.appendContext(context, name, codec, value))
      if (result._tag === 'Left') errors.push(...result.left)
    }
    if (isClosed) {
      const extra = Object.keys(u).filter((name) => !Object.hasOwn(props, name))
      for (const name of extra.slice(0, mostErrors)) {
        errors.push({ value: u[name], context: t.appendContext(context, name, noSuchProperty, u[name]) })
      }
    }
    return errors
  }

  return { ...codecOf<A, JsonObject>(anyObject.is, errorsIn), props }
}

const build = <A>(
  name: string,
  fields: ObjectCodec<A>['fields'],
  otherProperties: OtherProperties,
  shortcut: Shortcut | undefined,
): ObjectCodec<A> => {
  const all = Object.entries(fields)
  const { is, validate } = checksOf<A>(all, otherProperties, shortcut)
  const part = (wanted: boolean) =>
    checksOf<unknown>(
      all.filter(([, { isRequired }]) => isRequired === wanted),
      'open',
    )
  const [must, may] = [part(true), part(false)]
  return Object.assign(
    new t.IntersectionType<ObjectCodec<A>['types'], A, A>(name, is, validate, t.identity, [
      new t.InterfaceType(name, must.is, must.validate, t.identity, must.props),
      new t.PartialType(name, may.is, may.validate, t.identity, may.props),
    ]),
    { description: anyObject.description, fields, otherProperties, shortcut },
  )
}

/**
 * An object codec. It gives the object back as it came: no copy, no prototype touched.
 *
 * `shortcut` may take what the fields take; it must not take anything else.
 */
export const objectCodec = <A>(
  name: string,
  fields: ObjectFields<A>,
  otherProperties: OtherProperties = 'open',
  shortcut?: Shortcut,
): ObjectCodec<A> => build(name, { ...fields }, otherProperties, shortcut)

/** The same codec, keeping other properties: for what someone else sends, who may add to it. */
export const open = <A>({ fields, name, shortcut }: ObjectCodec<A>): ObjectCodec<A> =>
  build(name, fields, 'open', shortcut)

/** The same codec, refusing other properties, each by its pointer: for what we send ourselves. */
export const closed = <A>({ fields, name, shortcut }: ObjectCodec<A>): ObjectCodec<A> =>
  build(name, fields, 'closed', shortcut)

/** The same codec, leaving other properties out of what it gives: a copy, if there are any. Like io-ts's `t.exact`. */
export const exact = <A>(codec: ObjectCodec<A>): t.ExactType<ObjectCodec<A>, A> => {
  const whole = open(codec)
  // What is an `A` is one still without what `A` does not name.
  const isStill = (_u: unknown): _u is A => true
  const strip = (a: A): A => {
    if (!anyObject.is(a) || Object.keys(a).every((name) => Object.hasOwn(codec.fields, name))) return a
    const kept = Object.keys(codec.fields).filter((name) => Object.hasOwn(a, name))
    const copy: unknown = Object.fromEntries(kept.map((name) => [name, a[name]]))
    return isStill(copy) ? copy : a
  }
  return new t.ExactType(
    `Exact<${codec.name}>`,
    whole.is,
    (u, context) => {
      const result = whole.validate(u, context)
      return result._tag === 'Right' ? t.success(strip(result.right)) : result
    },
    strip,
    whole,
  )
}
