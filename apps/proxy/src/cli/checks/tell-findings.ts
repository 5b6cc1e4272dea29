import { version } from '../../node-package-version.js'
import { visibleText } from '../visible-text.js'
import type { Finding, Findings } from './finding.js'

export interface Told {
  readonly findings: Findings
  readonly online: boolean
  readonly now: Date
}

const words = { ok: 'ok', warn: 'WARN', fail: 'FAIL', unknown: '?' } as const

const count = (findings: Findings, result: Finding['result']): number =>
  findings.filter((finding) => finding.result === result).length

/** The worst that was found. What could not be told is not worse than well. */
const resultOf = (findings: Findings): 'ok' | 'warn' | 'fail' => {
  if (count(findings, 'fail') > 0) return 'fail'
  return count(findings, 'warn') > 0 ? 'warn' : 'ok'
}

/** A line of JSON. Members may be added; none is left out, renamed or given another meaning while `format` is 1. */
export const jsonOfFindings = ({ findings, now, online }: Told): string =>
  `${JSON.stringify({
    format: 1,
    at: now.toISOString(),
    version,
    online,
    result: resultOf(findings),
    checks: findings.map(({ about = null, check, result, toDo = null, what }) => ({
      check,
      result,
      about,
      what,
      toDo,
    })),
  })}\n`

const lineOf = ({ about, check, result, toDo, what }: Finding, width: number): string => {
  const place = about === undefined ? '' : `${about}: `
  const line = `  ${words[result].padEnd(4)}  ${check.padEnd(width)}  ${visibleText(`${place}${what}`)}`
  return toDo === undefined ? line : `${line}\n${' '.repeat(width + 10)}→ ${toDo}`
}

const totals = [
  ['failed', 'fail'],
  ['warnings', 'warn'],
  ['well', 'ok'],
  ['could not be told', 'unknown'],
] as const

/** A line for each finding, with what is to be done about it below, and a last line that counts them. */
export const tableOfFindings = ({ findings, online }: Told): string => {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const total = totals.map(([word, result]) => `${word}: ${String(count(findings, result))}`).join(', ')
  const lines = findings.map((finding) => lineOf(finding, width))
  return `${lines.join('\n')}\n\n${total}${online ? '' : '; nobody was asked (--online)'}\n`
}
