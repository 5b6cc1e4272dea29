// RFC 9110 §5.6: each of these can match in one way only, so that reading takes time in proportion to the text.
const blanks = /[ \t]*/y
const blanksAndCommas = /[ \t,]*/y
const comma = /[ \t]*,/y
const semicolon = /[ \t]*;[ \t]*/y
const named =
  /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t !#-[\]-~\u0080-\u00ff]|\\[\t -~\u0080-\u00ff])*"))?/y

const unquoted = (word: string): string => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word)

/**
 * What the `Prefer` headers of a request say, joined by commas: each preference by its name in lower case, and its value, `''`
 * where it has none. Of one that comes twice the first counts; parameters are read over. Undefined where it is malformed.
 * RFC 7240 §2.
 */
export const preferencesIn = (text: string): ReadonlyMap<string, string> | undefined => {
  const preferences = new Map<string, string>()
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const taken = pattern.exec(text)
    if (taken !== null) at = pattern.lastIndex
    return taken
  }
  take(blanksAndCommas)
  while (at < text.length) {
    const [, name, value = ''] = take(named) ?? []
    if (name === undefined) return undefined
    if (!preferences.has(name.toLowerCase())) preferences.set(name.toLowerCase(), unquoted(value))
    // A parameter may be empty.
    while (take(semicolon) !== null) take(named)
    take(blanks)
    if (at < text.length && take(comma) === null) return undefined
    take(blanksAndCommas)
  }
  return preferences
}
