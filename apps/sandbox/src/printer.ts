import { styleText } from 'node:util'
import type { Check } from './check.js'
import type { Answer, Call } from './client.js'
import { parseJson } from './json.js'

/** Writes for a person who reads along. */
export interface Printer {
  readonly step: (title: string) => void
  readonly line: (text: string) => void
  readonly call: (origin: string, call: Call) => void
  readonly answer: (answer: Answer) => void
  /** What the proxy's command line says of a call. */
  readonly records: (auditId: string, records: ReadonlyArray<unknown>) => void
  readonly check: (check: Check) => void
  /** To be copied from the screen: as it stands, without indentation. */
  readonly block: (text: string) => void
}

export interface PrinterOptions {
  readonly write: (text: string) => void
  readonly isColoured: boolean
}

/** Enough to tell tokens apart, too little to use one. */
export const shortened = (token: string): string => `${token.slice(0, 8)}… (${String(token.length)} characters)`

const pretty = (text: string): string => {
  const json = parseJson(text)
  return json === undefined ? text : JSON.stringify(json, null, 2)
}

// A longer one stands above, in the answer.
const longestFinding = 50

const answerHeaders = [
  'Content-Type',
  'Audit-Id',
  'request-id',
  'client-request-id',
  'Idempotent-Replayed',
  'WWW-Authenticate',
]

export const printer = ({ isColoured, write }: PrinterOptions): Printer => {
  const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
    isColoured ? styleText(format, text, { validateStream: false }) : text
  const line = (text: string): void => write(`${text}\n`.replaceAll(/^(?=.)/gm, '  '))
  let steps = 0

  return {
    line,
    block: (text) => write(`${text}\n`),
    step: (title) => {
      steps += 1
      write(`\n${paint('bold', `${String(steps)}. ${title}`)}\n\n`)
    },
    call: (origin, { body, idempotencyKey, path, token }) => {
      line(paint('cyan', `POST ${path} HTTP/1.1`))
      line(`Host: ${new URL(origin).host}`)
      if (token !== undefined) line(`Authorization: Bearer ${shortened(token)}`)
      if (idempotencyKey !== undefined) line(`Idempotency-Key: ${idempotencyKey}`)
      line(`Content-Type: application/json\n\n${pretty(body)}\n`)
    },
    answer: ({ headers, status, statusText, text }) => {
      line(paint('cyan', `HTTP/1.1 ${String(status)} ${statusText}`))
      for (const name of answerHeaders) {
        const value = headers.get(name)
        if (value !== null) line(`${name}: ${value}`)
      }
      line(`\n${pretty(text)}\n`)
    },
    records: (auditId, records) => {
      line(paint('dim', `$ device-install-state-audit show ${auditId} --json`))
      for (const record of records) line(JSON.stringify(record, null, 2))
      line('')
    },
    check: ({ expected, found, holds, what }) => {
      if (holds) line(`${paint('green', '✓')} ${what}${found.length <= longestFinding ? `: ${found}` : ''}`)
      else line(`${paint('red', '✗')} ${what}\n  expected: ${expected}\n  found:    ${found}`)
    },
  }
}
