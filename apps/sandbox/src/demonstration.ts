import { documentedExample } from '@device-install-state/model/fields'
import {
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  type GraphVersion,
} from '@device-install-state/model/operations'
import { decodeJwt } from 'jose'
import { auditRecordsOf } from './audit-records.js'
import { type Check, equals, fits } from './check.js'
import { checksOfCreate, checksOfRefusal } from './checks-of-call.js'
import { type Answer, type Call, post, takeToken } from './client.js'
import { elementsOf, parseJson, valueAt } from './json.js'
import { type Printer, shortened } from './printer.js'
import { applicationGrant, permission, proxyApi, user, userGrant } from './sandbox-tenant.js'
import type { World } from './start-world.js'

/** What the demonstration came to. */
export interface Demonstrated {
  readonly checks: ReadonlyArray<Check>
  /** Of the last create, for whoever wants to look it up. */
  readonly auditId: string
}

const routes = {
  'a book': createManagedEBookDeviceState.template,
  'a user’s summary of a book': createUserStateSummaryDeviceState.template,
} as const

/** Where a state can be created. The ids are made up: the double knows every book. */
export const pathOf = (version: GraphVersion, route: keyof typeof routes): string =>
  `/${version}${routes[route]}`
    .replace('{managedEBookId}', '52f3ff29-7b6c-4f0b-9d3a-0c8a6d1f2e51')
    .replace('{userInstallStateSummaryId}', '8d1e6c0a-3f57-4b8e-a2c9-71b04f9d6e33')

interface Caller {
  readonly kind: 'application' | 'user'
  readonly token: string
}

interface Stage {
  readonly world: World
  readonly print: Printer
  readonly check: (...checks: ReadonlyArray<Check>) => void
  readonly signal: AbortSignal
}

interface Played {
  readonly call: Call
  readonly answer: Answer
  readonly auditId: string
  readonly records: ReadonlyArray<unknown>
}

/** Plays every call that is documented in a world that nobody else has used, and says of each whether it came true. */
export const demonstrate = async (world: World, print: Printer, signal: AbortSignal): Promise<Demonstrated> => {
  const checks: Array<Check> = []
  const check = (...found: ReadonlyArray<Check>): void => {
    checks.push(...found)
    found.forEach(print.check)
  }
  const stage: Stage = { world, print, check, signal }

  await introduce(stage)
  const application = await signIn(stage, 'application')
  const ada = await signIn(stage, 'user')
  const creates = [
    await create(stage, 'beta', 'a book', application),
    await create(stage, 'v1.0', 'a book', application),
    await create(stage, 'beta', 'a user’s summary of a book', application),
    await create(stage, 'v1.0', 'a user’s summary of a book', ada),
  ] as const
  await callWithoutToken(stage)
  await callWithWrongBody(stage, application)
  lookAtGraph(stage, creates)
  return { checks, auditId: creates[3].auditId }
}

const introduce = async ({ check, print, signal, world }: Stage): Promise<void> => {
  const { auditDirectory, graphUrl, identityProvider, logFile, proxy } = world
  print.step('What runs: Graph’s double, an identity provider, and the proxy between callers and Graph')
  print.line(`proxy              ${proxy.url} (process ${String(proxy.pid)})`)
  print.line(`its health         ${proxy.adminUrl}/readyz`)
  print.line(`its audit ledger   ${auditDirectory}`)
  print.line(`its log            ${logFile}`)
  print.line(`identity provider  ${identityProvider.issuer}`)
  print.line(`Graph double       ${graphUrl}\n`)
  check(equals('status of /readyz', 200, (await fetch(`${proxy.adminUrl}/readyz`, { signal })).status))
}

const signIn = async ({ check, print, signal, world }: Stage, kind: Caller['kind']): Promise<Caller> => {
  const isUser = kind === 'user'
  print.step(isUser ? `A token of a user, ${user.displayName}` : 'A token of an application')
  const { tokenEndpoint } = world.identityProvider
  const token = await takeToken(tokenEndpoint, isUser ? userGrant : applicationGrant(), signal)
  const { aud, roles, scp } = decodeJwt(token)
  print.line(`POST ${tokenEndpoint}\n${shortened(token)}\n`)
  check(
    equals('audience, which is the proxy’s', proxyApi.audience, aud),
    isUser ? equals('scope', permission, scp) : equals('roles', [permission], roles),
  )
  return { kind, token }
}

/** One call from request to records, shown as it goes. */
const play = async ({ print, signal, world }: Stage, call: Call): Promise<Played> => {
  print.call(world.proxy.url, call)
  const answer = await post(world.proxy.url, call, signal)
  print.answer(answer)
  const auditId = answer.headers.get('Audit-Id') ?? '(none)'
  const records = await auditRecordsOf(world.auditDirectory, auditId, signal)
  print.records(auditId, records)
  return { call, answer, auditId, records }
}

const create = async (
  stage: Stage,
  version: GraphVersion,
  route: keyof typeof routes,
  { kind, token }: Caller,
): Promise<Played> => {
  const who = kind === 'user' ? `the user ${user.displayName}` : 'the application'
  stage.print.step(`The documented example, below ${route}, on /${version}, by ${who}`)
  const played = await play(stage, { path: pathOf(version, route), token, body: documentedExample.request })
  stage.check(...checksOfCreate(played.call, kind, played.answer, played.records))
  return played
}

const callWithoutToken = async (stage: Stage): Promise<void> => {
  stage.print.step('Refused: a call without token')
  const { answer, records } = await play(stage, { path: pathOf('beta', 'a book'), body: documentedExample.request })
  const challenge = answer.headers.get('WWW-Authenticate') ?? ''
  stage.check(
    ...checksOfRefusal(401, 'tokenMissing', answer, records),
    fits('header WWW-Authenticate', 'Bearer', challenge, challenge.startsWith('Bearer')),
  )
}

const callWithWrongBody = async (stage: Stage, { token }: Caller): Promise<void> => {
  stage.print.step('Rejected: a body with a misspelt property and a value that Graph does not know')
  const body = documentedExample.request.replace('deviceName', 'devicename').replace('"installed"', '"Installed"')
  const { answer, records } = await play(stage, { path: pathOf('beta', 'a book'), token, body })
  const details = elementsOf(valueAt(answer.json, 'error', 'details'))
  const told = details.map((detail) => ['code', 'target', 'message'].map((name) => String(valueAt(detail, name))))
  stage.print.line(`In words: ${String(valueAt(answer.json, 'error', 'message'))}`)
  for (const [, place, message] of told) stage.print.line(`- ${String(place)}: ${String(message)}`)
  stage.print.line('')
  stage.check(
    ...checksOfRefusal(400, 'bodyInvalid', answer, records),
    equals(
      'every problem is told, with its place',
      'enum /installState, extra /devicename, missing /deviceName',
      told
        .map(([code, place]) => `${String(code)} ${String(place)}`)
        .sort()
        .join(', '),
    ),
  )
}

const lookAtGraph = ({ check, print, world }: Stage, creates: ReadonlyArray<Played>): void => {
  print.step('What Graph saw of all this')
  const journal = world.graph.journal()
  for (const { method, path, status } of journal) print.line(`${method} ${path} → ${String(status)}`)
  print.line('')
  check(
    // Graph takes none but the gateway's own token, so each 201 says that no caller's token was passed on.
    equals(
      'the four creates, none with a caller’s token, and nothing else',
      creates.map(({ call: { path } }) => `POST ${path} 201`),
      journal.map(({ method, path, status }) => `${method} ${path} ${String(status)}`),
    ),
    equals(
      'each body as its caller sent it',
      creates.map(({ call: { body } }) => parseJson(body)),
      journal.map(({ body }) => parseJson(body)),
    ),
    equals(
      'each call under the Audit-Id that its caller got',
      creates.map(({ auditId }) => auditId),
      journal.map(({ headers }) => headers['client-request-id']),
    ),
  )
}
