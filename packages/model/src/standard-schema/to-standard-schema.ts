import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import type * as t from 'io-ts'
import type { AnyType } from '../describe-type.js'
import { jsonSchemaIn, jsonSchemaTargets } from '../json-schema/json-schemas.js'
import { messageOfProblem, type Problem, problemsOf } from '../problem.js'

type StandardProps<A, O> = Omit<StandardSchemaV1.Props<O, A>, 'validate'> &
  StandardJSONSchemaV1.Props<O, A> & {
    /** Never a promise: io-ts decodes at once. */
    readonly validate: (value: unknown) => StandardSchemaV1.Result<A>
  }

/** The codec itself, and besides a Standard Schema and a Standard JSON Schema (standardschema.dev, version 1). */
export type StandardCodec<C extends t.Mixed> = C & { readonly '~standard': StandardProps<t.TypeOf<C>, t.OutputOf<C>> }

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/** The keys that a pointer is made of; the index of an array's item is a number. */
const keysIn = (pointer: string, value: unknown): ReadonlyArray<PropertyKey> => {
  let place = value
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
      const isIndex = Array.isArray(place)
      place = memberOf(place, key)
      return isIndex ? Number(key) : key
    })
}

const issueOf =
  (value: unknown) =>
  (problem: Problem): StandardSchemaV1.Issue => ({
    message: messageOfProblem(problem),
    path: keysIn(problem.pointer, value),
  })

const inTarget =
  (codec: AnyType) =>
  ({ target }: StandardJSONSchemaV1.Options): Record<string, unknown> => {
    const known = jsonSchemaTargets.find((name) => name === target)
    if (known === undefined)
      throw new TypeError(`There is no JSON Schema for ${target} here, but for ${jsonSchemaTargets.join(' and ')}.`)
    return { ...jsonSchemaIn(known, codec) }
  }

const standardOf = <A, O>(codec: t.Type<A, O>): StandardProps<A, O> => {
  const jsonSchema = inTarget(codec)
  return {
    version: 1,
    vendor: 'device-install-state',
    validate: (value) => {
      const decoded = codec.decode(value)
      if (decoded._tag === 'Right') return { value: decoded.right }
      const [first = { message: `Expected ${codec.name}.` }, ...others] = problemsOf(decoded.left).map(issueOf(value))
      return { issues: [first, ...others] }
    },
    jsonSchema: { input: jsonSchema, output: jsonSchema },
  }
}

// `Object.create` says any; what inherits everything from a codec is one.
const inheriting: <C extends object>(codec: C) => C = Object.create

/**
 * Makes any io-ts codec a Standard Schema, for the many libraries that take one. The codec is not changed: what comes
 * back inherits from it, so it still decodes, encodes and composes. Validation is synchronous; issues never hold the
 * value that came. The JSON Schema is made when it is asked for, and throws for a codec that has none.
 */
export const toStandardSchema = <C extends t.Mixed>(codec: C): StandardCodec<C> =>
  Object.assign(inheriting(codec), { '~standard': standardOf<t.TypeOf<C>, t.OutputOf<C>>(codec) })
