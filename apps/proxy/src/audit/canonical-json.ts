import * as E from 'fp-ts/lib/Either.js'

/** Objects and arrays in one another, the outermost counted. */
export const deepestCanonicalJson = 32

/** In UTF-16 code units; far above any record, and low enough that values which share parts cannot fill the memory. */
const longestText = 16 * 1024 * 1024

/** Why a value has no canonical form. */
export type Unserialisable =
  /** NaN or an infinity. */
  | 'notFinite'
  /** Half a surrogate pair, in a string or a member's name. */
  | 'loneSurrogate'
  /** A bigint, a function, a symbol, an object of a class, `undefined` where it cannot be left out. */
  | 'notJson'
  /** More than 32 levels, as what contains itself has. */
  | 'tooDeep'
  | 'tooLong'
  /** A getter or a proxy threw. */
  | 'unreadable'

class Refusal extends Error {
  readonly reason: Unserialisable
  constructor(reason: Unserialisable) {
    super(reason)
    this.reason = reason
  }
}

const refuse = (reason: Unserialisable): never => {
  throw new Refusal(reason)
}

const standsAsItIs = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

// RFC 8785 §3.2.2.2 escapes as ECMAScript does. Most strings need no escape, and to see that costs half of a call.
const stringText = (value: string): string => {
  if (standsAsItIs.test(value)) return `"${value}"`
  return value.isWellFormed() ? JSON.stringify(value) : refuse('loneSurrogate')
}

// RFC 8785 §3.2.2.3: a number is printed as ECMAScript prints it, -0 as 0.
const numberText = (value: number): string => (Number.isFinite(value) ? String(value) : refuse('notFinite'))

/** Names come again and again, so their texts are kept; only so many, since a value may have any names. */
const nameTexts = new Map<string, string>()
const mostNameTexts = 1_024

const nameText = (name: string): string => {
  const known = nameTexts.get(name)
  if (known !== undefined) return known
  const text = `${stringText(name)}:`
  if (nameTexts.size < mostNameTexts && name.length <= 64) nameTexts.set(name, text)
  return text
}

/** By UTF-16 code units, RFC 8785 §3.2.3, which is how ECMAScript compares strings. Records have few members. */
const sorted = (names: Array<string>): ReadonlyArray<string> => {
  if (names.length > 24) return names.sort()
  for (let end = 1; end < names.length; end++) {
    const name = names[end] ?? ''
    let place = end
    for (; place > 0; place--) {
      const before = names[place - 1] ?? ''
      if (before <= name) break
      names[place] = before
    }
    names[place] = name
  }
  return names
}

type Members = Readonly<Record<string, unknown>>

/** Plain data, also of another realm: its prototype is none, or one that has none itself. */
const isPlain = (value: object): value is Members => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
  )
}

const bounded = (text: string): string => (text.length > longestText ? refuse('tooLong') : text)

const objectText = (value: Members, level: number): string => {
  let text = '{'
  for (const name of sorted(Object.keys(value))) {
    const member = value[name]
    if (member === undefined) continue
    const memberText = typeof member === 'string' ? stringText(member) : textOf(member, level)
    text += text.length === 1 ? nameText(name) + memberText : `,${nameText(name)}${memberText}`
  }
  return bounded(`${text}}`)
}

const arrayText = (value: ReadonlyArray<unknown>, level: number): string => {
  let text = '['
  for (let index = 0; index < value.length; index++) {
    text += index === 0 ? textOf(value[index], level) : `,${textOf(value[index], level)}`
  }
  return bounded(`${text}]`)
}

const textOf = (value: unknown, levelsAbove: number): string => {
  switch (typeof value) {
    case 'string':
      return stringText(value)
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object': {
      if (value === null) return 'null'
      if (levelsAbove === deepestCanonicalJson) return refuse('tooDeep')
      if (Array.isArray(value)) return arrayText(value, levelsAbove + 1)
      return isPlain(value) ? objectText(value, levelsAbove + 1) : refuse('notJson')
    }
    default:
      return refuse('notJson')
  }
}

/**
 * The one text of a value in JSON, RFC 8785 (JCS): no white space, members in the order of their names' UTF-16 code units,
 * numbers as ECMAScript prints them. Members that are `undefined` are left out, as JSON.stringify does; unlike there,
 * nothing is changed in silence: no NaN to null, no Map to {}, and no `toJSON` is called. Does not look at what the value
 * means, and not at numbers beyond 2⁵³, which not everybody reads alike.
 */
export const canonicalJson = (value: unknown): E.Either<Unserialisable, string> => {
  try {
    return E.right(textOf(value, 0))
  } catch (error) {
    return E.left(error instanceof Refusal ? error.reason : 'unreadable')
  }
}
