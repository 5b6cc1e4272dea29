import { type Finding, type Result, verdictOf } from './finding.js'
import { type Report, totalsOf } from './report.js'

const signs = { kept: '✓', broken: '✗', skipped: '–' } as const

const tellFinding = ({ expected, found, hint, pointer, severity }: Finding): string =>
  [
    `    ${pointer} (${severity})`,
    `      expected ${expected}`,
    `      found    ${found}`,
    ...(hint === undefined ? [] : [`      ${hint}`]),
  ].join('\n')

/** A result in lines, for whoever watches. */
export const tellResult = (result: Result): string =>
  `${[`  ${signs[verdictOf(result)]} ${result.name}`, ...result.findings.map(tellFinding)].join('\n')}\n`

/** What came of it all. */
export const tellReport = (report: Report): string => {
  const { broken, kept, skipped } = totalsOf(report)
  return `${[...report.notes, `${String(kept)} kept, ${String(broken)} broken, ${String(skipped)} skipped`].join('\n')}\n`
}
