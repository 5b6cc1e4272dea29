import { inspect } from 'node:util'
import { graphVersions, operations } from '@device-install-state/model/operations'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphErrors, type ScriptedAnswer } from '../src/index.js'
import { exampleWith, places } from './a-create.js'
import { errorIn, exchange, type Exchange, exchangeToTheLetter } from './support/exchange.js'
import { startSystem, type System } from './support/start-system.js'
import { ada, gateway, importer, newcomer } from './support/tenant.js'

// Each operation, by each version, walks the same way, in beforeAll; the tests look at what came of it.

/** Nobody else writes such strings, so wherever one turns up it came out of a body. */
const personal = {
  deviceName: 'MARK-device-name-of-Ada',
  deviceId: 'MARK-device-id-4711',
  errorCode: 'MARK-error-code',
  osVersion: 'MARK-os-version',
  osDescription: 'MARK-os-description',
  userName: 'MARK-user-name-Ada-Lovelace',
}

const body = exampleWith(personal)

const entity = { id: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', ...JSON.parse(body) }
const html = { headers: { 'Content-Type': 'text/html' }, body: `<p>${personal.userName}</p>` }

interface Walk {
  readonly withoutToken: Exchange
  readonly goodAnswer: Exchange
  readonly otherJson: Exchange
  readonly noJson: Exchange
  readonly errorStatus: Exchange
}

let system: System
const walks = new Map<string, Walk>()
/** Where a value could have slipped out: every way a request can end. */
const detours: Array<Exchange> = []

const everyPlace = graphVersions.flatMap((version) =>
  operations.map(({ name }) => ({
    name,
    version,
    path: places.find((place) => place.name === name && place.version === version)?.path ?? '',
  })),
)

const walk = async (path: string): Promise<Walk> => {
  const answeredBy = (...graphAnswers: ReadonlyArray<ScriptedAnswer>) => exchange(system, { path, body, graphAnswers })
  return {
    withoutToken: await exchange(system, { path, body, token: null }),
    goodAnswer: await answeredBy(),
    otherJson: await answeredBy({ status: 201, body: { value: [personal] } }),
    noJson: await answeredBy({ status: 201, ...html }),
    errorStatus: await answeredBy(graphErrors.forbidden),
  }
}

const detour = async (path: string): Promise<ReadonlyArray<Exchange>> => {
  const withBody = (change: Readonly<Record<string, unknown>>) =>
    exchange(system, { path, body: exampleWith({ ...personal, ...change }) })
  const answeredBy = (...graphAnswers: ReadonlyArray<ScriptedAnswer>) => exchange(system, { path, body, graphAnswers })
  return [
    await exchange(system, { path, body, token: `${system.token}x` }),
    await exchange(system, { path, body, token: await system.tokenForNewcomer() }),
    await exchange(system, { path, body, token: await system.tokenForGraph() }),
    await exchange(system, { path, body, token: await system.tokenForUser() }),
    await exchange(system, { path: `${path}?access_token=${system.token}&userName=${personal.userName}`, body }),
    await exchange(system, { path: `/${personal.deviceName}${path}`, body }),
    await exchange(system, { path, body: body.slice(0, -1) }),
    await exchange(system, { path, body, headers: { 'client-request-id': personal.userName } }),
    await exchangeToTheLetter(system, path, { Authorization: [`Bearer ${system.token}`, `Bearer ${system.token}`] }),
    await withBody({ installState: personal.userName }),
    await withBody({ lastSyncDateTime: personal.userName }),
    await withBody({ deviceName: [personal.deviceName] }),
    await withBody({ userName: personal.userName.repeat(1000) }),
    await answeredBy({ status: 201, body: entity }),
    await answeredBy({ status: 201, body: { ...entity, installState: personal.userName, new: personal } }),
    await answeredBy({ status: 201, body: { ...entity, deviceName: [personal.deviceName] } }),
    await answeredBy({ status: 201, body: JSON.stringify(entity).slice(0, -1) }),
    await answeredBy({ status: 500, ...html }),
    await answeredBy({ status: 302, headers: { Location: `https://example.com/${personal.userName}` } }),
    await answeredBy({ status: 403, headers: { 'request-id': `MARK ${personal.userName}` }, body: personal }),
    await answeredBy(graphErrors.invalidToken),
    await answeredBy(graphErrors.claimsChallenge, graphErrors.claimsChallenge),
    ...(await Promise.all([answeredBy(), answeredBy()])),
  ]
}

beforeAll(async () => {
  system = await startSystem()
  for (const { name, path, version } of everyPlace) {
    walks.set(`${name} ${version}`, await walk(path))
    detours.push(...(await detour(path)))
  }
})
afterAll(() => system.stop())

const bookIds = { managedEBookId: 'B1' }

describe.each(everyPlace)('$name of $version', ({ name, version }) => {
  const walked = (): Walk => {
    const found = walks.get(`${name} ${version}`)
    if (found === undefined) throw new Error(`nobody walked ${name} of ${version}`)
    return found
  }

  it('demands a caller', () => {
    const { answer, arrivals, records } = walked().withoutToken

    expect(answer.status).toBe(401)
    expect(errorIn(answer)).toMatchObject({ code: 'tokenMissing', innerError: { outcome: 'notSent' } })
    expect(arrivals).toEqual([])
    expect(records).toMatchObject([{ kind: 'refusal', code: 'tokenMissing', status: 401, operation: name }])
  })

  it('meets a good answer', () => {
    const { answer, arrivals } = walked().goodAnswer

    expect(answer.status).toBe(201)
    expect(JSON.parse(answer.text)).toMatchObject(personal)
    expect(arrivals).toMatchObject([{ status: 201 }])
  })

  it.each(['otherJson', 'noJson'] as const)('meets an answer that is none: %s', (step) => {
    const { answer, arrivals } = walked()[step]

    expect(answer.status).toBe(502)
    expect(errorIn(answer)).toMatchObject({
      code: 'upstreamInvalidResponse',
      innerError: { source: 'gateway', outcome: 'indeterminate', retry: 'check-first' },
    })
    expect(arrivals).toMatchObject([{ status: 201 }])
  })

  it('meets an error status', () => {
    const { answer, arrivals } = walked().errorStatus

    expect(answer.status).toBe(403)
    expect(errorIn(answer)).toMatchObject({
      code: 'Forbidden',
      innerError: { code: 'upstreamForbidden', source: 'graph', outcome: 'refused', retry: 'never' },
    })
    expect(arrivals).toMatchObject([{ status: 403 }])
  })

  it('is audited, whatever came of it: who meant what, and what became of it', () => {
    const { errorStatus, goodAnswer, noJson, otherJson } = walked()
    const intent = {
      kind: 'intent',
      operation: name,
      version,
      ids: name === operations[0].name ? bookIds : { ...bookIds, userInstallStateSummaryId: 'S1' },
      caller: { kind: 'application', appId: importer.clientId, objectId: importer.objectId },
      upstream: { kind: 'application', clientId: gateway.clientId },
      fields: { installState: 'installed' },
    }

    expect(goodAnswer.records).toMatchObject([intent, { outcome: 'applied', graphStatus: 201 }])
    expect(otherJson.records).toMatchObject([intent, { outcome: 'indeterminate', graphStatus: 201 }])
    expect(noJson.records).toMatchObject([intent, { outcome: 'indeterminate', graphStatus: 201 }])
    expect(errorStatus.records).toMatchObject([intent, { outcome: 'refused', graphStatus: 403 }])
  })
})

const allExchanges = (): ReadonlyArray<Exchange> => [
  ...[...walks.values()].flatMap((walked): ReadonlyArray<Exchange> => Object.values(walked)),
  ...detours,
]

/** Every token that was given out, to callers and to the proxy, and what they were got with. */
const secrets = (): ReadonlyArray<string> => {
  const atGraph = system.graph.journal().map(({ headers }) => headers['authorization']?.replace('Bearer ', '') ?? '')
  const tokens = new Set([...atGraph, ...system.issuedTokens()])
  const passwords = [gateway.clientSecret, importer.clientSecret, newcomer.clientSecret, ada.password]
  // The head of a token is no secret; payload and signature are told apart, should one of them stand alone.
  return [...[...tokens].flatMap((token) => token.split('.').slice(1)), ...passwords]
}

describe('after all of it', () => {
  it('each request has left exactly one end, and the log knows of each', () => {
    const told = new Set(
      system.log
        .filter(({ what }) => what === 'request')
        .map(({ told: [entry] }) => (entry as { readonly auditId: string }).auditId),
    )
    const ends = allExchanges().map(({ records }) => records.filter(({ kind }) => kind !== 'intent').length)

    expect(ends).toEqual(ends.map(() => 1))
    expect(told).toEqual(new Set(allExchanges().map(({ answer }) => answer.headers['audit-id'])))
  })

  it('nothing was lost, and no mistake was made', () => {
    const alarms = system.log.filter(({ what }) => what !== 'request' && what !== 'info')
    const isDrift = ({ told: [what] }: (typeof alarms)[number]): boolean =>
      String(what).includes('no longer as documented')

    expect(alarms.filter((alarm) => !isDrift(alarm))).toMatchObject([
      { what: 'alarm', told: [expect.stringContaining('DANGEROUSLY_ALLOW_PLAIN_HTTP')] },
    ])
    const drifts = alarms.filter(isDrift).map(({ told: [, detail] }) => JSON.stringify(detail))
    expect(drifts).toEqual([...new Set(drifts)])
  })

  it.each([
    ['the ledger', () => system.ledger.bytes().toString('latin1')],
    ['the log', () => inspect(system.log, { depth: null, maxArrayLength: null, maxStringLength: null })],
    [
      'the errors',
      () =>
        allExchanges()
          .filter(({ answer }) => answer.status !== 201)
          .map(({ answer: { headers, text } }) => inspect({ headers, text }, { maxStringLength: null }))
          .join('\n'),
    ],
  ])('there is no token in %s, no secret, and nothing of a person', (_, read) => {
    const text = read()
    const told = [...secrets(), 'MARK-'].filter((word) => text.includes(word))

    expect(told).toEqual([])
    // It is the right text that was searched.
    expect(text).toContain('tokenMissing')
  })
})
