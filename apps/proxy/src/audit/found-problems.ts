import type { Problem, ProblemKind } from './verify-report.js'

const mostTold = 100

/** Counts problems, and keeps the first of them by sequence. */
export class FoundProblems {
  #first: ReadonlyArray<Problem> = []
  readonly #byKind: Partial<Record<ProblemKind, number>> = {}

  add(kind: ProblemKind, sequence: number, message: string): void {
    this.#byKind[kind] = (this.#byKind[kind] ?? 0) + 1
    const last = this.#first.at(-1)
    if (this.#first.length >= mostTold && last !== undefined && sequence >= last.sequence) return
    const place = this.#first.findLastIndex((problem) => problem.sequence <= sequence) + 1
    this.#first = this.#first.toSpliced(place, 0, { kind, sequence, message }).slice(0, mostTold)
  }

  get first(): ReadonlyArray<Problem> {
    return this.#first
  }

  get byKind(): Readonly<Partial<Record<ProblemKind, number>>> {
    return { ...this.#byKind }
  }
}
