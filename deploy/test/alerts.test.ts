import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { skippedAloud } from './skipped-aloud.js'
import { fileAt, problemsIn } from './the-metrics.js'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const { groups } = load(fileAt('deploy/prometheus/alerts.yaml')) as {
  readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }>
}
const rules = groups.flatMap((group) => group.rules)

const sections = new Map(
  fileAt('docs/runbook.md')
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
)

describe('an expression over the figures', () => {
  it.each([
    ['sum(rate(device_install_state_outcomes_total{outcome="applied"}[5m]))', []],
    ['sum(rate(device_install_state_outcomes_total[5m])', [expect.stringContaining('no PromQL')]],
    ['device_install_state_outcome_total', ['no metric device_install_state_outcome_total']],
    ['device_install_state_outcomes_total{outcom="applied"}', ['no label outcom']],
    ['sum by (code) (device_install_state_ready)', ['no label code']],
    ['http_server_request_duration_seconds', ['no metric http_server_request_duration_seconds']],
    ['device_install_state_ready_bucket', ['no metric device_install_state_ready_bucket']],
  ])('%s: %j', (expression, problems) => {
    expect(problemsIn(expression)).toEqual(problems)
  })
})

describe.each(rules)('the alert $alert', ({ alert, annotations, expr, labels }) => {
  it('asks for figures that there are', () => {
    expect(problemsIn(expr)).toEqual([])
  })

  it('says how urgent it is, what is wrong, and where to read what to do', () => {
    expect(['page', 'ticket']).toContain(labels['severity'])
    expect(annotations['summary']).toMatch(/\.$/)
    expect(annotations['description']).toMatch(/\.$/)
    expect(annotations['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
  })

  it('has a section there, with what the caller sees and what to do', () => {
    const section = sections.get(alert) ?? ''

    expect(section).toContain(`\`${labels['severity'] ?? ''}\`.`)
    expect(section).toMatch(/\*\*The caller (?:sees|saw)\*\*/)
    expect(section).toMatch(/\*\*(?:and )?do\*\*/i)
  })
})

describe('the runbook', () => {
  it('has a section for each alert, in their order, and no other', () => {
    expect([...sections.keys()]).toEqual(rules.map(({ alert }) => alert))
  })
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

describe.skipIf(skippedAloud(hasPromtool, 'the scenarios of the alert rules, by promtool'))(
  'the rules, by promtool',
  () => {
    it('wake whom they should in the scenarios beside them', () => {
      const cwd = fileURLToPath(new URL('../prometheus', import.meta.url))
      const { status, stderr, stdout } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yaml'], {
        cwd,
        encoding: 'utf8',
      })

      expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('SUCCESS'), ''])
    })
  },
)
