import type * as t from 'io-ts'
import type { Description, Mismatch } from './described.js'
import { describeType } from './describe-type.js'
import { type JsonKind, jsonKindOf } from './json-kind.js'
import { nearest } from './nearest.js'

/** One thing that is wrong with one place of a JSON value. The value itself is never in it: it may name a person. */
export interface Problem {
  /** RFC 6901; empty for the whole. A name of more than 64 characters is cut. */
  readonly pointer: string
  readonly code: ProblemCode
  /** What was hoped for, in words that follow "Expected". */
  readonly expected: string
  /** The kind of what came, never what came. */
  readonly received: JsonKind
  /** A property or value that there is, and that is spelled almost like what came. */
  readonly didYouMean?: string
}

/** `duplicate` and `length` are for those who read the text or set limits of their own: no codec here gives them. */
export type ProblemCode = 'missing' | 'duplicate' | 'length' | Mismatch

/** No more problems than this are told of one value. */
const mostProblems = 32

/** No more than this is said of one place, however many codecs hope for something there, and however many members. */
const longestExpectation = 512

const escape = (key: string): string => key.slice(0, 64).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')

/** RFC 6901, from the names of properties and the indexes that lead to the place. */
export const pointerOf = (keys: ReadonlyArray<string>): string => keys.map((key) => `/${escape(key)}`).join('')

// io-ts also notes which member of a union or an intersection it was in: that is no place in the value, and shows by the
// value being the same one still.
const placeOf = (context: t.Context): ReadonlyArray<string> =>
  context.flatMap(({ actual, key }, index) =>
    index === 0 || Object.is(context[index - 1]?.actual, actual) ? [] : [key],
  )

const codeOf = ({ json, mismatch }: Description, received: JsonKind, pointer: string): ProblemCode => {
  if (mismatch === 'extra') return 'extra'
  if (received === 'nothing' && pointer !== '') return 'missing'
  return received === json ? mismatch : 'type'
}

const bounded = (expected: string): string => expected.slice(0, longestExpectation).toWellFormed()

const problemOf = (context: t.Context, pointer: string): Problem => {
  const { actual, key, type }: t.ContextEntry | Record<string, undefined> = context.at(-1) ?? {}
  const description = describeType(type ?? { name: '' }, actual)
  const { expected, expectedForm = expected, members } = description
  const received = jsonKindOf(actual)
  const code = codeOf(description, received, pointer)
  const isExtra = code === 'extra'
  const didYouMean = members && nearest(isExtra ? key : actual, members)
  const known = isExtra && didYouMean === undefined && members?.[0] ? `; there are ${members.join(', ')}` : ''
  return {
    pointer,
    code,
    expected: bounded(code === 'format' ? expectedForm : `${expected}${known}`),
    received,
    ...(didYouMean === undefined ? {} : { didYouMean }),
  }
}

/** Two codecs hoped for something at one place. Either would do, unless they were intersected: that does not show. */
const either = (a: Problem, b: Problem): Problem => ({
  ...b,
  ...(a.code === 'type' ? {} : a),
  expected: ` or ${a.expected} or `.includes(` or ${b.expected} or `)
    ? a.expected
    : bounded(`${a.expected} or ${b.expected}`),
})

/**
 * io-ts errors as data that can be shown: one problem a place, at most 32 places, in the order in which they were found.
 * Errors of io-ts's own codecs are read, too, and of ours inside of them.
 */
export const problemsOf = (errors: t.Errors): ReadonlyArray<Problem> => {
  const problems = new Map<string, Problem>()
  for (const { context } of errors) {
    const place = placeOf(context)
    const problem = problemOf(context, pointerOf(place))
    const id = JSON.stringify(place)
    const before = problems.get(id)
    if (before === undefined && problems.size === mostProblems) continue
    problems.set(id, before === undefined ? problem : either(before, problem))
  }
  return [...problems.values()]
}

/** A problem in words, without its pointer: "Expected a string or null, got number." */
export const messageOfProblem = ({ code, didYouMean, expected, received }: Problem): string => {
  const got = code === 'type' || code === 'missing' ? `, got ${received}` : ''
  return `Expected ${expected}${got}.${didYouMean === undefined ? '' : ` Did you mean ${didYouMean}?`}`
}
