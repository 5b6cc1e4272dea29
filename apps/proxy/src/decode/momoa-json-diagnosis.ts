import { type JsonKind, pointerOf } from '@device-install-state/model'
import { type AnyNode, parse } from '@humanwhocodes/momoa'

const offsetIn = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'offset' in error && typeof error.offset === 'number'
    ? error.offset
    : undefined

/**
 * Where a text stops being JSON, in bytes of UTF-8 from its start; undefined where that cannot be told (nesting that
 * exhausts the parser). Only for texts that JSON.parse refused: it is slower.
 */
export const offsetOfSyntaxError = (text: string): number | undefined => {
  try {
    parse(text, { mode: 'json' })
    return undefined
  } catch (error) {
    const offset = offsetIn(error)
    return offset === undefined ? undefined : new TextEncoder().encode(text.slice(0, offset)).byteLength
  }
}

/** A member whose object has another one of the same name before it. */
interface Duplicate {
  readonly pointer: string
  readonly received: JsonKind
}

const kindOf = (node: AnyNode): JsonKind => {
  switch (node.type) {
    case 'Object':
      return 'object'
    case 'Array':
      return 'array'
    case 'String':
      return 'string'
    case 'Number':
      return 'number'
    case 'Boolean':
      return 'boolean'
    case 'Null':
      return 'null'
    default:
      return 'other'
  }
}

const duplicatesBelow = (node: AnyNode, path: ReadonlyArray<string>): ReadonlyArray<Duplicate> => {
  if (node.type === 'Document') return duplicatesBelow(node.body, path)
  if (node.type === 'Array') {
    return node.elements.flatMap((element, index) => duplicatesBelow(element.value, [...path, String(index)]))
  }
  if (node.type !== 'Object') return []
  const seen = new Set<string>()
  return node.members.flatMap((member) => {
    const name = member.name.type === 'String' ? member.name.value : member.name.name
    const here = [...path, name]
    const again = seen.has(name) ? [{ pointer: pointerOf(here), received: kindOf(member.value) }] : []
    seen.add(name)
    return [...again, ...duplicatesBelow(member.value, here)]
  })
}

/** The members that repeat a name of their object, at most 32. The text must be JSON, and not deep. */
export const duplicatesIn = (text: string): ReadonlyArray<Duplicate> =>
  duplicatesBelow(parse(text, { mode: 'json' }), []).slice(0, 32)
