/** Something that is documented, and whether it came true. */
export interface Check {
  readonly what: string
  readonly holds: boolean
  readonly expected: string
  readonly found: string
}

const inWords = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'))

/** The value must be this one, character by character as JSON. */
export const equals = (what: string, expected: unknown, found: unknown): Check =>
  fits(what, inWords(expected), found, JSON.stringify(expected) === JSON.stringify(found))

/** The value must fit what is said of it. */
export const fits = (what: string, expected: string, found: unknown, holds: boolean): Check => ({
  what,
  holds,
  expected,
  found: inWords(found),
})
