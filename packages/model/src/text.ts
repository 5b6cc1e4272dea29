import { type Described, nullable, stringLeaf } from './described.js'

/** Any string, the empty one too, half surrogate pairs too. Metadata: `Edm.String` without MaxLength. */
export const text: Described<string> = stringLeaf('string', (u): u is string => typeof u === 'string', 'a string')

/**
 * A string that survives UTF-8: half a surrogate pair would become U+FFFD on its way, so that something else would be
 * written than was meant. RFC 7493 section 2.1.
 */
export const unicodeText: Described<string> = stringLeaf(
  'UnicodeString',
  (u): u is string => text.is(u) && u.isWellFormed(),
  'a string',
  'format',
  { expectedForm: 'a string without lone surrogates' },
)

/** The key of an entity that is: opaque, but never empty. */
export const key: Described<string> = stringLeaf(
  'Key',
  (u): u is string => text.is(u) && u !== '',
  'a string, not empty',
  'format',
)

export const nullableText: Described<string | null> = nullable(text)
export const nullableUnicodeText: Described<string | null> = nullable(unicodeText)
