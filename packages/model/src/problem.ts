import type * as t from 'io-ts'
import { DescribedType, type Mismatch } from './described-type.js'
import { nearest } from './nearest.js'
import { NoSuchProperty } from './record.js'

/** One thing that is wrong with one place of a JSON value. The value itself is never in it: it may name a person. */
export interface Problem {
  /** RFC 6901; empty for the whole. The name of an unknown property is cut to 64 characters. */
  readonly pointer: string
  readonly code: ProblemCode
  /** What was hoped for, and, for an unknown property, what may have been meant. For people. */
  readonly expected: string
}

export type ProblemCode = 'missing' | 'duplicate' | 'length' | Mismatch

/** No more problems than this are told of one value. */
const mostProblems = 32

const escape = (key: string): string => key.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')

/** RFC 6901, from the names of properties and the indexes that lead to the place. */
export const pointerOf = (keys: ReadonlyArray<string>): string => keys.map((key) => `/${escape(key)}`).join('')

const codeOf = (entry: t.ContextEntry | undefined, mismatch: Mismatch): ProblemCode => {
  if (mismatch === 'extra') return 'extra'
  if (entry?.actual === undefined) return 'missing'
  return typeof entry.actual === 'string' ? mismatch : 'type'
}

const problemOf = (error: t.ValidationError): Problem => {
  const entry = error.context.at(-1)
  const pointer = pointerOf(error.context.slice(1).map(({ key }) => key))
  const type = entry?.type
  if (type instanceof NoSuchProperty) {
    const meant = nearest(entry?.key ?? '', type.known)
    return {
      pointer,
      code: 'extra',
      expected: meant === undefined ? type.expected : `no property of this name; did you mean ${meant}?`,
    }
  }
  return type instanceof DescribedType
    ? { pointer, code: codeOf(entry, type.mismatch), expected: type.expected }
    : { pointer, code: codeOf(entry, 'type'), expected: 'a JSON object' }
}

/**
 * io-ts errors of this library's codecs, as data that can be shown: one problem a place, at most 32, in the order of
 * the table. Errors of other codecs are read as far as their paths go.
 */
export const problemsOf = (errors: t.Errors): ReadonlyArray<Problem> => errors.slice(0, mostProblems).map(problemOf)
