import type * as t from 'io-ts'
import { messageOfProblem, type Problem, problemsOf } from '../problem.js'
import { printable } from './printable.js'

const longestPlace = 256

/** Problems in words, each behind its pointer. */
export const listProblems = (problems: ReadonlyArray<Problem>): string =>
  problems
    .map((problem) => {
      const place = problem.pointer === '' ? '(the whole)' : printable(problem.pointer, longestPlace)
      return `\n  ${place}: ${messageOfProblem(problem)}`
    })
    .join('')

/** A value is not what a codec describes. Its message names every place, and never holds the value. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly problems: ReadonlyArray<Problem>

  constructor(codecName: string, problems: ReadonlyArray<Problem>) {
    super(`This is no ${printable(codecName, longestPlace)}:${listProblems(problems)}`)
    this.problems = problems
  }
}

/** Decodes, or throws a `DecodeError`: for those who do without Either. */
export const decodeOrThrow = <A>(codec: t.Decoder<unknown, A>, value: unknown): A => {
  const decoded = codec.decode(value)
  if (decoded._tag === 'Right') return decoded.right
  throw new DecodeError(codec.name, problemsOf(decoded.left))
}
