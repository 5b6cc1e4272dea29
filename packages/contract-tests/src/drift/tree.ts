/** Reading what a parser made of a file that may hold anything. */

/** The member of an object; undefined if there is none, or no object. Own members alone. */
export const at = (value: unknown, ...names: ReadonlyArray<string>): unknown => {
  let found: unknown = value
  for (const name of names) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, name)
        ? Object.getOwnPropertyDescriptor(found, name)?.value
        : undefined
  }
  return found
}

export const textAt = (value: unknown, ...names: ReadonlyArray<string>): string | undefined => {
  const found = at(value, ...names)
  return typeof found === 'string' ? found : undefined
}

/** What is there once or more often, or not at all. */
export const listAt = (value: unknown, ...names: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const found = at(value, ...names)
  if (found === undefined || found === null) return []
  return Array.isArray(found) ? found : [found]
}

export const entriesAt = (
  value: unknown,
  ...names: ReadonlyArray<string>
): ReadonlyArray<readonly [string, unknown]> => {
  const found = at(value, ...names)
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : []
}

/** The line of the first place where a text has this; undefined if it does not. */
export const lineOf = (text: string, search: string | RegExp, from = 0): number | undefined => {
  const index = typeof search === 'string' ? text.indexOf(search, from) : text.slice(from).search(search)
  if (index === -1) return undefined
  return text.slice(0, typeof search === 'string' ? index : from + index).split('\n').length
}
