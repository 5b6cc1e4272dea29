import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placesBelow } from '../src/contract/index.js'
import { graphDouble, type ListeningGraphDouble, listenGraphDouble } from '../src/index.js'
import { runRounds } from '../src/rounds/index.js'
import { createsOf, interactionsOf, nodeHttpSend, probe, runSuite, type Subject } from '../src/suite/index.js'
import { gatewayOf } from './support/subject-of.js'
import { startSystem, type System } from './support/start-system.js'
import { startingSeed } from './support/starting-seed.js'

const places = placesBelow({ managedEBookId: 'B1', userInstallStateSummaryId: 'S1' })
const [place] = places
const seed = startingSeed()

const mustHavePlace = () => {
  if (place === undefined) throw new Error('there is no place')
  return place
}

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

describe('the gateway before the Graph double', () => {
  it('keeps the contract when states are created: for the caller, at Graph, and on record', async () => {
    const subject = gatewayOf(system)
    const before = system.graph.created().length

    const results = await runSuite(subject, { places, creates: true })

    expect(results.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(results.length).toBe(interactionsOf('gateway', places).length)
    expect(system.graph.created().length - before).toBe(createsOf('gateway', places))
  })

  it('keeps the contract when calls are validated alone, and Graph hears nothing of it', async () => {
    const before = system.graph.journal().length

    const results = await runSuite(gatewayOf(system), { places, creates: false })

    expect(results.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(system.graph.journal().length).toBe(before)
  })

  it.each(['create', 'validate-only'] as const)(
    `keeps the contract for bodies that are drawn (%s, seed ${String(seed)})`,
    async (handling) => {
      const results = await runRounds(gatewayOf(system), { places, handling, runs: 25, seed })

      expect(results.map(({ findings, reproduce }) => ({ findings, reproduce }))).toEqual(
        results.map(() => ({ findings: [], reproduce: undefined })),
      )
      expect(results).toHaveLength(3)
    },
  )

  it('is known for what it is', async () => {
    await expect(probe(gatewayOf(system), mustHavePlace())).resolves.toBeUndefined()
    await expect(probe({ ...gatewayOf(system), side: 'graph' }, mustHavePlace())).rejects.toThrow('--side gateway')
  })
})

describe('the Graph double', () => {
  const graph = graphDouble({ acceptsToken: async (token) => token === 'the-token' })
  let listening: ListeningGraphDouble
  const subject = (): Subject => ({
    side: 'graph',
    send: nodeHttpSend(new URL(listening.url)).send,
    token: 'the-token',
  })
  beforeAll(async () => {
    listening = await listenGraphDouble(graph)
  })
  afterAll(() => listening.stop())

  it('keeps the contract of Graph', async () => {
    const results = await runSuite(subject(), { places, creates: true })

    expect(results.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(graph.created()).toHaveLength(createsOf('graph', places))
  })

  it('is asked nothing that could create anything unless that is wished for', async () => {
    const before = graph.journal().length

    const results = await runSuite(subject(), { places, creates: false })

    expect(results.filter(({ findings }) => findings.length > 0)).toEqual([])
    expect(results.some(({ skipped }) => skipped === undefined)).toBe(true)
    expect(
      graph
        .journal()
        .slice(before)
        .filter(({ method, status = 0 }) => method === 'POST' && status < 400),
    ).toEqual([])
  })

  it('is known for what it is', async () => {
    await expect(probe(subject(), mustHavePlace())).resolves.toBeUndefined()
    await expect(probe({ ...subject(), side: 'gateway' }, mustHavePlace())).rejects.toThrow('--side graph')
    await expect(probe({ ...subject(), token: 'another-token' }, mustHavePlace())).rejects.toThrow(
      'does not take the token (401)',
    )
  })
})
