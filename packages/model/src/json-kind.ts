/** What JSON knows, `nothing` for what is not there, `other` for what JSON cannot hold (functions, bigints, …). */
export type JsonKind = 'nothing' | 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'other'

const kinds: ReadonlyArray<JsonKind> = ['boolean', 'number', 'string', 'array', 'object', 'null']

/** The kind of a value, as JSON has it. */
export const jsonKindOf = (u: unknown): JsonKind => {
  if (u === undefined) return 'nothing'
  const type = Array.isArray(u) ? 'array' : typeof u
  return kinds.find((kind) => kind === (u === null ? 'null' : type)) ?? 'other'
}
