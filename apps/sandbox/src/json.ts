/** The value that a JSON text stands for; undefined if it is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What stands at a path of a JSON value; undefined where there is nothing. */
export const valueAt = (json: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? new Map<string, unknown>(Object.entries(value)).get(key)
        : undefined,
    json,
  )

/** The elements of a JSON array; none if it is no array. */
export const elementsOf = (json: unknown): ReadonlyArray<unknown> => (Array.isArray(json) ? json : [])
