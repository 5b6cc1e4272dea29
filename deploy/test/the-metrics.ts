import { readFileSync } from 'node:fs'
import { parser } from '@prometheus-io/lezer-promql'

/** A file of the repository, by its path from the top. */
export const fileAt = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Metric {
  readonly labels: ReadonlySet<string>
  readonly isHistogram: boolean
}

/** What Prometheus sees of the proxy: docs/metrics.md, which is held against the proxy itself. */
const metrics = new Map<string, Metric>(
  fileAt('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.replaceAll(/[` ]+/g, ' ').trim()))
    .map(([, , name = '', attributes = '']) => [
      name,
      { labels: new Set(attributes.replaceAll('.', '_').split(' ')), isHistogram: name.includes('_duration_') },
    ]),
)

/** Those that Prometheus adds, and makes by itself. */
const labelsOfPrometheus: ReadonlySet<string> = new Set(['job', 'instance', 'le'])
const metricsOfPrometheus: ReadonlySet<string> = new Set(['up'])

const metricNamed = (name: string): Metric | undefined => {
  const [, base = name, part] = /^(.*?)(_bucket|_count|_sum)?$/.exec(name) ?? []
  const metric = metrics.get(base)
  return metric?.isHistogram === (part !== undefined) ? metric : undefined
}

/** Why an expression of PromQL is not one over the figures of the proxy; nothing when it is. */
export const problemsIn = (expression: string): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const names: Array<string> = []
  const labels: Array<string> = []
  parser.parse(expression).iterate({
    enter: ({ from, name: kind, to, type }) => {
      const text = expression.slice(from, to)
      if (type.isError) problems.push(`no PromQL at ${String(from)}`)
      if (kind === 'Identifier') names.push(text)
      if (kind === 'LabelName') labels.push(text)
    },
  })
  // Which of them a grouping is of, only Prometheus knows.
  const known = new Set(names.flatMap((name) => [...(metricNamed(name)?.labels ?? [])]))
  return [
    ...problems,
    ...names
      .filter((name) => metricNamed(name) === undefined && !metricsOfPrometheus.has(name))
      .map((name) => `no metric ${name}`),
    ...labels
      .filter((label) => !known.has(label) && !labelsOfPrometheus.has(label))
      .map((label) => `no label ${label}`),
  ]
}
