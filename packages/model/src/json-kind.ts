/** What JSON knows, `nothing` for what is not there, `other` for what JSON cannot hold (functions, bigints, …). */
export type JsonKind = 'nothing' | 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'other'

/** The kind of a value, as JSON has it. */
export const jsonKindOf = (u: unknown): JsonKind => {
  if (u === null) return 'null'
  const type = Array.isArray(u) ? 'array' : typeof u
  if (type === 'undefined') return 'nothing'
  return type === 'bigint' || type === 'symbol' || type === 'function' ? 'other' : type
}
