import { DescribedType } from './described-type.js'

/** The codec's values, or `null`. `Edm.String` properties are nullable unless the metadata says `Nullable="false"`. */
export const nullable = <A>(codec: DescribedType<A>): DescribedType<A | null> =>
  new DescribedType<A | null>(`${codec.name} | null`, (u): u is A | null => u === null || codec.is(u), {
    mismatch: codec.mismatch,
    expected: `${codec.expected} or null`,
  })
