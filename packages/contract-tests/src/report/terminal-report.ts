import { type Finding, type Result, type Verdict, verdictOf } from './finding.js'
import { isKept, type Report, totalsOf } from './report.js'
import { visible } from './visible.js'

/** How the text is to look. */
export interface Look {
  readonly colours: boolean
}

const signs: Readonly<Record<Verdict, string>> = { kept: '✓', broken: '✗', skipped: '–' }
const codes: Readonly<Record<Verdict, number>> = { kept: 32, broken: 31, skipped: 33 }

const painted = (text: string, verdict: Verdict, { colours }: Look): string =>
  colours ? `\u001b[${String(codes[verdict])}m${text}\u001b[39m` : text

const indented = (text: string, by: string): string => text.replaceAll('\n', `\n${by}`)

const tellFinding = ({ expected, found, hint, pointer, severity }: Finding): string =>
  [
    `      ${visible(pointer)}${severity === 'compatible' ? ' (compatible)' : ''}`,
    `        expected ${visible(expected)}`,
    `        found    ${visible(found)}`,
    ...(hint === undefined ? [] : [`        ${visible(hint)}`]),
  ].join('\n')

/** A result in lines, for whoever watches. */
export const tellResult = (result: Result, look: Look): string => {
  const verdict = verdictOf(result)
  const { findings, group, name, reproduce, skipped } = result
  return `${[
    `  ${painted(signs[verdict], verdict, look)} ${visible(group)}: ${visible(name)}`,
    ...(verdict === 'skipped' && skipped !== undefined ? [`      ${visible(skipped)}`] : []),
    ...findings.map(tellFinding),
    ...(reproduce === undefined ? [] : [`      ${indented(visible(reproduce), '      ')}`]),
  ].join('\n')}\n`
}

const rowsOf = ({ results }: Report): ReadonlyArray<ReadonlyArray<string>> => [
  ['', 'kept', 'broken', 'skipped', 'seconds'],
  ...[...Map.groupBy(results, ({ group }) => group)].map(([group, ofGroup]) => {
    const { broken, kept, skipped } = totalsOf({ results: ofGroup })
    const seconds = ofGroup.reduce((sum, { durationInMs }) => sum + durationInMs, 0) / 1000
    return [visible(group), String(kept), String(broken), String(skipped), seconds.toFixed(1)]
  }),
]

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .map((row) => `  ${row.trimEnd()}`)
    .join('\n')
}

/** What came of it all: a row for each group, the notes, the verdict. */
export const tellReport = (report: Report, look: Look): string => {
  const { broken, kept, skipped } = totalsOf(report)
  const count = `${String(kept)} kept, ${String(broken)} broken, ${String(skipped)} skipped`
  const verdict = isKept(report)
    ? painted(`Contract kept: ${count}.`, 'kept', look)
    : painted(`CONTRACT BROKEN: ${count}.`, 'broken', look)
  return `${[
    '',
    `${visible(report.title)}: ${visible(report.subject)}`,
    '',
    table(rowsOf(report)),
    '',
    ...report.notes.map((note) => `  ${visible(note)}`),
    `  ${verdict}`,
  ].join('\n')}\n`
}
