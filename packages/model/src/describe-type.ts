import type * as t from 'io-ts'
import type { Description } from './described.js'
import { jsonKindOf } from './json-kind.js'
import type { ObjectField, OtherProperties } from './object-codec.js'

/** As much of an io-ts type as there is to look at. Ours have a description; io-ts's own are known by their tags. */
export interface AnyType {
  readonly name: string
  readonly _tag?: string
  readonly is?: t.Is<unknown>
  readonly decode?: t.Decode<unknown, unknown>
  readonly description?: Description
  /** Of `t.keyof`. */
  readonly keys?: object
  /** Of `t.literal`. */
  readonly value?: unknown
  /** Of what wraps one other type. */
  readonly type?: AnyType
  /** Of unions, intersections and tuples. */
  readonly types?: ReadonlyArray<AnyType>
  /** Of `t.type`, `t.partial` and `t.strict`. */
  readonly props?: Readonly<Record<string, AnyType>>
  /** Of `t.record`. */
  readonly domain?: AnyType
  readonly codomain?: AnyType
  /** Of our object codecs. */
  readonly fields?: Readonly<Record<string, ObjectField>>
  readonly otherProperties?: OtherProperties
}

/** What a type hopes for. Of io-ts's own the names have to do: they are made of what they are made of. */
export const describeType = (type: AnyType, actual: unknown): Description => {
  const { _tag: tag = '', description, keys, name: expected, type: inner, value = '' } = type
  if (description !== undefined) return description
  const json = jsonKindOf(actual)
  if (inner !== undefined && /^(?:Exact|Readonly|Refinement|Recursive)T/.test(tag)) {
    // What is within says more, unless it is content: then it is the predicate that is not.
    return inner.decode?.(actual)._tag === 'Right'
      ? { json, expected, mismatch: 'format' }
      : describeType(inner, actual)
  }
  return keys === undefined && tag !== 'LiteralType'
    ? { json, expected, mismatch: 'type' }
    : { json: jsonKindOf(value), expected, mismatch: 'enum', ...(keys && { members: Object.keys(keys) }) }
}
