import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placesBelow } from '../src/contract/index.js'
import { type GraphDouble, graphDouble } from '../src/index.js'
import { interactionsOf, nodeHttpSend, runSuite, type Side, type Subject } from '../src/suite/index.js'
import { brokenGateways } from './support/broken-gateways.js'
import { brokenGraphs } from './support/broken-graphs.js'
import { sendToDouble } from './support/send-to-double.js'
import { startSystem, type System } from './support/start-system.js'
import { gatewayOf } from './support/subject-of.js'
import type { World } from './support/worlds.js'

const places = placesBelow({ managedEBookId: 'B1', userInstallStateSummaryId: 'S1' }).slice(0, 1)

const enoughToTake =
  /documented example|uninstallFailed|\+14:00|null wherever|empty strings|scripts|500|an id is|@odata\.type is/
const enoughToRefuse = /nobody knows|without deviceName|a number for osVersion|in capitals|without offset|two things/

/** Enough of the contract to find each of these; the whole of it is asked of the gateway as it is. */
const enoughOf = (side: Side) =>
  interactionsOf(side, places).filter(({ name, owed }) => {
    if (owed._tag === 'Created') return enoughToTake.test(name)
    return owed._tag !== 'BodyRefused' || enoughToRefuse.test(name)
  })

let system: System
let world: World | undefined
const score = { found: 0, silent: 0, of: 0 }

const inWorld =
  (answer: GraphDouble['answer']): GraphDouble['answer'] =>
  async (request, target) => {
    const change = world?.toGraph
    if (change === undefined) return answer(request, target)
    const url = new URL(request.url)
    const changed = change(
      {
        method: request.method,
        path: `${url.pathname}${url.search}`,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      },
      system.token,
    )
    const bytes = new TextEncoder().encode(changed.body)
    const { method, headers, path } = changed
    return answer(new Request(`${url.origin}${path}`, { method, headers, body: bytes }), path)
  }

const subjectIn = ({ answer, records, request }: World, subject: Subject): Subject => ({
  ...subject,
  send: async (sent) => {
    const answered = await subject.send(request === undefined ? sent : request(sent))
    return answer === undefined ? answered : answer(answered, sent)
  },
  recordsOf: async (auditId) => {
    const found = (await subject.recordsOf?.(auditId)) ?? []
    return records === undefined ? found : records(found)
  },
})

beforeAll(async () => {
  system = await startSystem({ inFrontOfGraph: inWorld })
})
afterAll(async () => {
  await system.stop()
  const { found, of, silent } = score
  process.stdout.write(
    `broken worlds: ${String(found)} of ${String(of)} found by their pointers, ${String(silent)} harmless ones left alone\n`,
  )
})

const breakingIn = async (subject: Subject, { toGraph }: World): Promise<ReadonlyArray<string>> => {
  // What is refused never comes to Graph.
  const interactions = enoughOf(subject.side).filter(({ owed }) => toGraph === undefined || owed._tag === 'Created')
  const results = await runSuite(subject, { places, interactions, creates: true })
  const findings = results.flatMap((result) => result.findings)
  return [...new Set(findings.filter(({ severity }) => severity === 'breaking').map(({ pointer }) => pointer))]
}

const inGateway = async (current: World): Promise<ReadonlyArray<string>> => {
  world = current
  const { close, send } = nodeHttpSend(new URL(system.url))
  try {
    return await breakingIn(subjectIn(current, gatewayOf(system, send)), current)
  } finally {
    world = undefined
    close()
  }
}

const inGraph = (current: World): Promise<ReadonlyArray<string>> => {
  const graph = graphDouble({ acceptsToken: async (token) => token === 'the-token' })
  const { recordsOf: _, ...subject } = subjectIn(current, {
    side: 'graph',
    send: sendToDouble(graph),
    token: 'the-token',
  })
  return breakingIn(subject, current)
}

describe.each([
  ['gateway', brokenGateways, inGateway],
  ['Graph', brokenGraphs, inGraph],
] as const)('a %s that', (_, worlds, pointersIn) => {
  it.each(worlds.filter(({ breaks }) => breaks.length > 0))('$name is found at $breaks', async (current) => {
    score.of++

    expect(await pointersIn(current)).toEqual(expect.arrayContaining([...current.breaks]))
    score.found++
  })

  it.each(worlds.filter(({ breaks }) => breaks.length === 0))('$name is left alone', async (current) => {
    expect(await pointersIn(current)).toEqual([])
    score.silent++
  })
})
