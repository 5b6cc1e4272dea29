import { describe, expect, it } from 'vitest'
import { fileAt, problemsIn } from './the-metrics.js'

interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: Place
  readonly targets?: ReadonlyArray<{ readonly expr: string }>
}

const dashboard = JSON.parse(fileAt('deploy/grafana/dashboard.json')) as {
  readonly uid: string
  readonly panels: ReadonlyArray<Panel>
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string }> }
}
const { panels } = dashboard
const shown = panels.filter(({ type }) => type !== 'row')

const overlap = (one: Place, other: Place): boolean =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h

/** As Grafana fills it in. */
const filledIn = (expression: string): string => expression.replaceAll('$__rate_interval', '5m')

describe('the dashboard', () => {
  it.each(shown)('$title: asks for figures that there are, and says what it shows', ({ description, targets = [] }) => {
    expect(targets.length).toBeGreaterThan(0)
    expect(targets.flatMap(({ expr }) => problemsIn(filledIn(expr)))).toEqual([])
    expect(description).toMatch(/\.$/)
  })

  it('has panels that do not lie on each other, and fit', () => {
    const places = panels.map(({ gridPos }) => gridPos)

    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(places.filter(({ w, x }) => x + w > 24)).toEqual([])
    expect(places.filter((one, index) => places.some((other, place) => place > index && overlap(one, other)))).toEqual(
      [],
    )
  })

  it('lets one choose the data source, the job and the replica, and all figures go by them', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance'])
    for (const { targets = [] } of shown)
      for (const { expr } of targets) expect(expr).toContain('job=~"$job", instance=~"$instance"')
  })
})
