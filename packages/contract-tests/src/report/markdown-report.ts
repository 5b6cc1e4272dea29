import { type Finding, type Result, verdictOf } from './finding.js'
import { isKept, type Report, totalsOf } from './report.js'
import { visible } from './visible.js'

/** GitHub takes comments of 65,536 characters; what others put around it needs room. */
const longest = 60_000

/** Text that stays text: no markup, no mention, no link, no issue number. */
const plain = (text: string): string =>
  visible(text)
    .replaceAll('\n', ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_{}[\]()#+!|~@:]/g, (character) => `&#${String(character.charCodeAt(0))};`)

/** As code, with a fence that is longer than any run of backticks in it. */
const code = (text: string): string => {
  const shown = visible(text).replaceAll('\n', ' ')
  const longestRun = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longestRun + 1)
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${shown.replaceAll('|', '\\|')}${pad}${fence}`
}

const block = (text: string): string => {
  const longestRun = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longestRun + 1)
  return `${fence}sh\n${visible(text)}\n${fence}`
}

const row = ({ expected, found, hint = '', pointer }: Finding): string =>
  `| ${code(pointer)} | ${plain(expected)} | ${plain(found)} | ${plain(hint)} |`

const table = (findings: ReadonlyArray<Finding>): string =>
  ['| Where | Expected | Found | |', '| --- | --- | --- | --- |', ...findings.map(row)].join('\n')

const longestReproduction = 2_000

const brokenResult = ({ findings, group, name, reproduce }: Result): string =>
  [
    `### ✗ ${plain(group)}: ${plain(name)}`,
    table(findings.filter(({ severity }) => severity === 'breaking')),
    ...(reproduce === undefined || reproduce.length > longestReproduction ? [] : [block(reproduce)]),
  ].join('\n\n')

const compatibleResult = ({ findings, group, name }: Result): string =>
  [`**${plain(group)}: ${plain(name)}**`, table(findings.filter(({ severity }) => severity === 'compatible'))].join(
    '\n\n',
  )

/** As many parts as there is room for, and how many are left out. */
const fitting = (parts: ReadonlyArray<string>, room: number): { readonly text: string; readonly left: number } => {
  let text = ''
  for (const [index, part] of parts.entries()) {
    if (text.length + part.length > room) return { text, left: parts.length - index }
    text += `\n\n${part}`
  }
  return { text, left: 0 }
}

const leftOut = (left: number): string =>
  left === 0 ? '' : `\n\n${String(left)} more did not fit in here; the JSON and JUnit reports have them all.`

/** For a pull request: what is broken, where, and how to see it again. Foreign text in it is never markup. */
export const markdownReport = (report: Report): string => {
  const { broken, kept, skipped } = totalsOf(report)
  const isBroken = !isKept(report)
  const head = [
    `## ${isBroken ? '❌ Contract broken' : '✅ Contract kept'}: ${plain(report.title)}`,
    `${plain(report.subject)}: ${String(kept)} kept, **${String(broken)} broken**, ${String(skipped)} skipped.`,
    ...report.notes.map(plain),
  ].join('\n\n')
  const ofBroken = fitting(
    report.results.filter((result) => verdictOf(result) === 'broken').map(brokenResult),
    longest - head.length - 1_000,
  )
  const others = report.results.filter(({ findings }) => findings.some(({ severity }) => severity === 'compatible'))
  const ofOthers = fitting(others.map(compatibleResult), longest - head.length - ofBroken.text.length - 1_000)
  const folded =
    others.length === 0
      ? ''
      : `\n\n<details><summary>Compatible differences: ${String(others.length)}</summary>${ofOthers.text}${leftOut(ofOthers.left)}\n\n</details>`
  return `${head}${ofBroken.text}${leftOut(ofBroken.left)}${folded}\n`
}

export const markdownCouldNotRun = (message: string): string =>
  `## ⚠️ Contract tests could not run\n\nNothing can be said of the contract. ${plain(message)}\n`
