import { XMLBuilder } from 'fast-xml-parser'
import { type Finding, type Result, verdictOf } from './finding.js'
import { type Report, totalsOf } from './report.js'
import { visible } from './visible.js'

const builder = new XMLBuilder({
  attributeNamePrefix: '@',
  format: true,
  ignoreAttributes: false,
  suppressEmptyNode: true,
})

const inSeconds = (ms: number): string => (ms / 1000).toFixed(3)

const line = ({ expected, found, hint, pointer }: Finding): string =>
  `${pointer}: expected ${expected}, found ${found}.${hint === undefined ? '' : ` ${hint}`}`

const lines = (findings: ReadonlyArray<Finding>, more: ReadonlyArray<string> = []): string =>
  visible([...findings.map(line), ...more].join('\n'))

const testcase = (result: Result) => {
  const { durationInMs, findings, group, name, reproduce, skipped } = result
  const broken = findings.filter(({ severity }) => severity === 'breaking')
  const others = findings.filter(({ severity }) => severity === 'compatible')
  const [first] = broken
  return {
    '@classname': visible(group),
    '@name': visible(name),
    '@time': inSeconds(durationInMs),
    ...(first === undefined
      ? {}
      : {
          failure: {
            '@type': 'ContractBroken',
            '@message': visible(line(first)),
            '#text': lines(broken, reproduce === undefined ? [] : ['', reproduce]),
          },
        }),
    ...(verdictOf(result) === 'skipped' ? { skipped: { '@message': visible(skipped ?? '') } } : {}),
    ...(others.length === 0 ? {} : { 'system-out': lines(others) }),
  }
}

const groupsOf = ({ results }: Report): ReadonlyArray<readonly [string, ReadonlyArray<Result>]> => [
  ...Map.groupBy(results, ({ group }) => group),
]

/** As the readers of GitHub, GitLab and Jenkins take it: a suite for each group, compatible differences as output. */
export const junitReport = (report: Report): string => {
  const { broken, skipped } = totalsOf(report)
  const suites = groupsOf(report).map(([group, results]) => {
    const totals = totalsOf({ results })
    return {
      '@name': visible(group),
      '@tests': String(results.length),
      '@failures': String(totals.broken),
      '@skipped': String(totals.skipped),
      '@errors': '0',
      '@time': inSeconds(results.reduce((sum, { durationInMs }) => sum + durationInMs, 0)),
      '@timestamp': report.startedAt.toISOString(),
      testcase: results.map(testcase),
    }
  })
  return built({
    '@name': visible(`${report.title}: ${report.subject}`),
    '@tests': String(report.results.length),
    '@failures': String(broken),
    '@skipped': String(skipped),
    '@errors': '0',
    '@time': inSeconds(report.durationInMs),
    testsuite: suites,
  })
}

/** One error, where nothing could be said of the contract. */
export const junitCouldNotRun = (message: string): string =>
  built({
    '@name': 'contract-tests',
    '@tests': '1',
    '@failures': '0',
    '@errors': '1',
    testsuite: {
      '@name': 'contract-tests',
      '@tests': '1',
      '@failures': '0',
      '@errors': '1',
      testcase: {
        '@classname': 'contract-tests',
        '@name': 'could not run',
        error: { '@type': 'CouldNotRun', '@message': visible(message), '#text': visible(message) },
      },
    },
  })

const built = (testsuites: object): string =>
  builder.build({ '?xml': { '@version': '1.0', '@encoding': 'UTF-8' }, testsuites })
