import * as t from 'io-ts'
import type { JsonKind } from './json-kind.js'

/** How a value can miss what a codec hopes for, apart from being absent or of another JSON type. */
export type Mismatch = 'type' | 'enum' | 'format' | 'extra'

/** What a codec hopes for, in words, so that a `Problem` need not show the value that came. */
export interface Description {
  readonly json: JsonKind
  readonly expected: string
  /** What is said instead if the JSON type is right and the value still is not. */
  readonly expectedForm?: string
  readonly mismatch: Mismatch
  /** The values that there are, where they can be counted. */
  readonly members?: ReadonlyArray<string>
  /** The codec that takes the same but for `null`. */
  readonly notNull?: AnyDescribed
}

/** An io-ts type that says in words what it hopes for. Decoding and encoding are the identity. */
export interface Described<A> extends t.Type<A> {
  readonly description: Description
}

/** The same, whatever it decodes to. */
export interface AnyDescribed extends t.Mixed {
  readonly description: Description
}

/** A codec for values that are taken or refused as a whole. */
export const leaf = <A>(name: string, is: t.Is<A>, description: Description): Described<A> =>
  Object.assign(new t.Type<A>(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity), {
    description,
  })

/** The codec's values, or `null`. `Edm.String` properties are nullable unless the metadata says `Nullable="false"`. */
export const nullable = <A>(notNull: Described<A>): Described<A | null> => {
  const { description, is, name } = notNull
  const orNull = (expected: string): string => `${expected} or null`
  return leaf<A | null>(`${name} | null`, (u): u is A | null => u === null || is(u), {
    ...description,
    expected: orNull(description.expected),
    expectedForm: orNull(description.expectedForm ?? description.expected),
    notNull,
  })
}

/** A codec for strings. */
export const stringLeaf = <A extends string>(
  name: string,
  is: t.Is<A>,
  expected: string,
  mismatch: Mismatch = 'type',
  more: Pick<Description, 'expectedForm' | 'members'> = {},
): Described<A> => leaf(name, is, { json: 'string', expected, mismatch, ...more })
