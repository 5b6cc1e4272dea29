import { type Result, type Verdict, verdictOf } from './finding.js'

/** All that one run has found, and all that the formats of reports are made from. */
export interface Report {
  /** What was asked: "Provider contract of a gateway". */
  readonly title: string
  /** What was looked at: an address, a file. No secrets: an address is without user and query. */
  readonly subject: string
  readonly startedAt: Date
  readonly durationInMs: number
  readonly results: ReadonlyArray<Result>
  /** Sentences on the run as a whole: the seed, what was created, what was left out and why. */
  readonly notes: ReadonlyArray<string>
}

export type Totals = Readonly<Record<Verdict, number>>

export const totalsOf = ({ results }: Pick<Report, 'results'>): Totals => {
  const totals = { kept: 0, broken: 0, skipped: 0 }
  for (const result of results) totals[verdictOf(result)]++
  return totals
}

/** Nothing is broken, and something was looked at: a run that saw nothing has proved nothing. */
export const isKept = (report: Pick<Report, 'results'>): boolean => {
  const { broken, kept } = totalsOf(report)
  return broken === 0 && kept > 0
}
