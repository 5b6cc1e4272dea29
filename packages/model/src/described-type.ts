import * as t from 'io-ts'

/** How a value can miss what a codec hopes for, apart from being absent or of another JSON type. */
export type Mismatch = 'type' | 'enum' | 'format' | 'extra'

/**
 * An io-ts type that can say in words what it hopes for, so that a `Problem` need not show the value that came.
 * Decoding and encoding are the identity: a value that fits comes out as the very same reference.
 */
export class DescribedType<A> extends t.Type<A> {
  readonly _tag = 'DescribedType' as const
  readonly mismatch: Mismatch
  readonly expected: string

  constructor(name: string, is: t.Is<A>, description: { readonly mismatch: Mismatch; readonly expected: string }) {
    super(name, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)
    this.mismatch = description.mismatch
    this.expected = description.expected
  }
}

/** Any string, the empty one too. Metadata: `Edm.String` without MaxLength. */
export const text: DescribedType<string> = new DescribedType('string', (u): u is string => typeof u === 'string', {
  mismatch: 'type',
  expected: 'a string',
})
