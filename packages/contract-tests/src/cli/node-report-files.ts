import { constants } from 'node:fs'
import { access, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CouldNotRun } from '../could-not-run.js'
import { jsonCouldNotRun, jsonReport } from '../report/json-report.js'
import { markdownCouldNotRun, markdownReport } from '../report/markdown-report.js'
import type { Report } from '../report/report.js'
import { junitCouldNotRun, junitReport } from '../report/xml-junit.js'

/** The formats of reports, by the options that name their files. */
const formats = {
  junit: { print: junitReport, tellWhy: junitCouldNotRun },
  markdown: { print: markdownReport, tellWhy: markdownCouldNotRun },
  json: { print: jsonReport, tellWhy: jsonCouldNotRun },
} as const

/** The options, for `parseArgs`. */
export const reportOptions = {
  junit: { type: 'string' },
  markdown: { type: 'string' },
  json: { type: 'string' },
} as const

/** Reports that were asked for as files. */
export interface ReportFiles {
  readonly write: (report: Report) => Promise<void>
  /** Says in their place why there is none, so that no report of an earlier run is taken for this one's. */
  readonly writeWhy: (message: string) => Promise<void>
}

const whyNot = async (file: string): Promise<string | undefined> => {
  const folder = dirname(resolve(file))
  try {
    const existing = await stat(file).catch(() => undefined)
    if (existing?.isDirectory() === true) return `${file} is a folder.`
    await access(existing === undefined ? folder : file, constants.W_OK)
    return undefined
  } catch {
    return `${file} cannot be written: is its folder there, and may it be written?`
  }
}

/** Looks whether every file can be written, before anything is done. Rejects with `CouldNotRun`, which names all that cannot. */
export const reportFilesOf = async (
  values: Readonly<Record<string, string | boolean | undefined>>,
): Promise<ReportFiles> => {
  const asked = Object.entries(formats).flatMap(([name, format]) => {
    const file = values[name]
    return typeof file === 'string' ? [{ file, format }] : []
  })
  const problems = (await Promise.all(asked.map(({ file }) => whyNot(file)))).filter((why) => why !== undefined)
  if (problems.length > 0) throw new CouldNotRun(`The reports have no place. ${problems.join(' ')}`)
  return {
    write: async (report) => {
      await Promise.all(asked.map(({ file, format }) => writeFile(file, format.print(report))))
    },
    writeWhy: async (message) => {
      await Promise.all(asked.map(({ file, format }) => writeFile(file, format.tellWhy(message))))
    },
  }
}
