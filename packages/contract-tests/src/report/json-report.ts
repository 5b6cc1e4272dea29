import * as t from 'io-ts'
import { verdictOf } from './finding.js'
import { isKept, type Report, totalsOf } from './report.js'

const FindingInJson = t.intersection([
  t.type({
    pointer: t.string,
    severity: t.keyof({ breaking: null, compatible: null }),
    expected: t.string,
    found: t.string,
  }),
  t.partial({ hint: t.string }),
])

const ResultInJson = t.intersection([
  t.type({
    group: t.string,
    name: t.string,
    verdict: t.keyof({ kept: null, broken: null, skipped: null }),
    durationInMs: t.number,
    findings: t.array(FindingInJson),
  }),
  t.partial({ skipped: t.string, reproduce: t.string }),
])

/** The report as JSON. `schemaVersion` changes when a reader of this shape would be misled. */
export const ReportInJson = t.union([
  t.type({
    schemaVersion: t.literal(1),
    verdict: t.keyof({ kept: null, broken: null }),
    title: t.string,
    subject: t.string,
    /** ISO 8601, in UTC. */
    startedAt: t.string,
    durationInMs: t.number,
    totals: t.type({ kept: t.number, broken: t.number, skipped: t.number }),
    notes: t.array(t.string),
    results: t.array(ResultInJson),
  }),
  t.type({ schemaVersion: t.literal(1), verdict: t.literal('couldNotRun'), message: t.string }),
])
export type ReportInJson = t.TypeOf<typeof ReportInJson>

const printed = (report: ReportInJson): string => `${JSON.stringify(ReportInJson.encode(report), null, 2)}\n`

export const jsonReport = (report: Report): string =>
  printed({
    schemaVersion: 1,
    verdict: isKept(report) ? 'kept' : 'broken',
    title: report.title,
    subject: report.subject,
    startedAt: report.startedAt.toISOString(),
    durationInMs: report.durationInMs,
    totals: totalsOf(report),
    notes: [...report.notes],
    results: report.results.map((result) => ({
      ...result,
      findings: [...result.findings],
      verdict: verdictOf(result),
    })),
  })

export const jsonCouldNotRun = (message: string): string =>
  printed({ schemaVersion: 1, verdict: 'couldNotRun', message })
