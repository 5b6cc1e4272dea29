import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import type * as t from 'io-ts'
import type { AnyType } from '../describe-type.js'
import { jsonSchemaIn, jsonSchemaTargets } from '../json-schema/json-schemas.js'
import { messageOfProblem, type Problem, problemsOf } from '../problem.js'

type StandardProps<A, O> = StandardSchemaV1.Props<O, A> & StandardJSONSchemaV1.Props<O, A>

/** The codec itself, and besides a Standard Schema and a Standard JSON Schema (standardschema.dev, version 1). */
export type StandardCodec<C extends t.Mixed> = C & { readonly '~standard': StandardProps<t.TypeOf<C>, t.OutputOf<C>> }

const keysOf = (pointer: string): ReadonlyArray<string> =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))

const issueOf = (problem: Problem): StandardSchemaV1.Issue => ({
  message: messageOfProblem(problem),
  path: keysOf(problem.pointer),
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
      const [first = { message: `Expected ${codec.name}.` }, ...others] = problemsOf(decoded.left).map(issueOf)
      return { issues: [first, ...others] }
    },
    jsonSchema: { input: jsonSchema, output: jsonSchema },
  }
}

const inheriting: <C extends object>(codec: C) => C = Object.create

/**
 * Makes any io-ts codec a Standard Schema, for the many libraries that take one. The codec is not changed: what comes
 * back inherits from it, so it still decodes, encodes and composes. Validation is synchronous; issues never hold the
 * value that came. The JSON Schema is made when it is asked for, and throws for a codec that has none.
 */
export const toStandardSchema = <C extends t.Mixed>(codec: C): StandardCodec<C> =>
  Object.assign(inheriting(codec), { '~standard': standardOf<t.TypeOf<C>, t.OutputOf<C>>(codec) })
