import { DeviceInstallState } from '@device-install-state/model'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aCreate, aGet, bookPath } from '../../test/a-create.js'
import { graphDouble } from './msw-graph-double.js'
import { type ListeningGraphDouble, listenGraphDouble } from './node-http-graph-double.js'
import { isScenarioName, type Scenario, scenarios } from './scenarios.js'

const graph = graphDouble()
const intercepted = setupServer(...graph.handlers)
let listening: ListeningGraphDouble
beforeAll(async () => {
  listening = await listenGraphDouble(graph)
})
afterAll(() => listening.stop())
afterEach(() => graph.reset())

const all: ReadonlyArray<[string, Scenario]> = Object.entries(scenarios)
const quick = all.filter(([, { inMs = 0 }]) => inMs === 0)

const play = (name: string): void => {
  if (!isScenarioName(name)) throw new TypeError(`no scenario is called ${name}`)
  graph.play(name)
}

describe('a scenario', () => {
  it.each(quick)('%s is played once, on a port and in process alike', async (name, { creates, likelihood }) => {
    play(name)
    const onPort = await fetch(aCreate({ origin: listening.url }), { redirect: 'manual' })
    const texts = [await onPort.text()]
    expect(graph.created()).toHaveLength(creates ? 1 : 0)

    graph.reset()
    play(name)
    intercepted.listen({ onUnhandledFrame: 'error' })
    try {
      const inProcess = await fetch(aCreate(), { redirect: 'manual' })
      texts.push(await inProcess.text())
      expect(inProcess.status).toBe(onPort.status)
      expect((await fetch(aCreate())).status).toBe(201)
    } finally {
      intercepted.close()
    }

    // What Graph may do is read by the model; what it never does is not.
    if (onPort.status === 201) {
      const areRead = texts.map((text) => {
        try {
          return DeviceInstallState.is(JSON.parse(text))
        } catch {
          return false
        }
      })
      expect(areRead).toEqual(likelihood === 'never' ? [false, false] : [true, true])
    }
  })

  it('never hides a request that is wrong', async () => {
    graph.play('extraProperties')

    expect((await graph.answer(aCreate({ body: '{}' }))).status).toBe(400)
    expect((await graph.answer(aCreate())).status).toBe(201)
  })

  it('is played as often as it is told, between other answers', async () => {
    graph.play('tooManyRequests', 2)
    graph.answerNext({ status: 418 })

    const statuses = []
    for (let time = 0; time < 4; time++) statuses.push((await graph.answer(aCreate())).status)

    expect(statuses).toEqual([429, 429, 418, 201])
  })

  it('that takes its time creates in the end', async () => {
    graph.play('slow')

    expect((await graph.answer(aCreate())).status).toBe(201)
    expect(graph.created()).toHaveLength(1)
  })

  it('leaves what it created to be read', async () => {
    graph.play('gatewayTimeout')
    await graph.answer(aCreate())

    const list: unknown = await (await graph.answer(aGet(bookPath))).json()
    expect(list).toMatchObject({ value: [{ deviceName: 'Device Name value' }] })
  })
})
