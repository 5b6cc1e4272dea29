import { randomUUID } from 'node:crypto'
import { documentedExample } from '@device-install-state/model/fields'
import {
  createManagedEBookDeviceState,
  createUserStateSummaryDeviceState,
  type GraphVersion,
} from '@device-install-state/model/operations'
import { decodeJwt } from 'jose'
import { auditRecordsOf, auditSays } from './audit-records.js'
import { type Check, equals, fits } from './check.js'
import { checksOfCreate, checksOfRefusal, checksOfReplay } from './checks-of-call.js'
import { type Answer, type Call, post, takeToken } from './client.js'
import { elementsOf, parseJson, valueAt } from './json.js'
import { type Printer, shortened } from './printer.js'
import {
  applicationGrant,
  callerRole,
  callerScope,
  gatewayAt,
  type Grant,
  proxyApi,
  user,
  userGrant,
} from './sandbox-tenant.js'
import type { UpstreamAuth, World } from './start-world.js'

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
  readonly upstream?: Caller['kind']
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
  const [most, last] = world.upstreamAuth === 'on-behalf-of' ? [ada, ada] : [application, ada]
  const creates = [
    await create(stage, 'beta', 'a book', most),
    await create(stage, 'v1.0', 'a book', most),
    await create(stage, 'beta', 'a user’s summary of a book', most),
    await create(stage, 'v1.0', 'a user’s summary of a book', last),
  ] as const
  await callAgain(stage, creates[3])
  if (world.upstreamAuth === 'on-behalf-of') await callAsApplication(stage, application)
  await callWithoutToken(stage)
  await callWithTokenForGraph(stage)
  await callWithWrongBody(stage, most)
  lookAtGraph(stage, creates)
  await proveLedger(stage, creates)
  return { checks, auditId: creates[3].auditId }
}

/** In whose name Graph is called for a caller. */
const upstreamOf = (auth: UpstreamAuth, { kind }: Caller): Caller['kind'] => (auth === 'app' ? 'application' : kind)

const inWords: Readonly<Record<UpstreamAuth, string>> = {
  app: 'always in the gateway’s own name (UPSTREAM_AUTH=app)',
  'on-behalf-of': 'on behalf of the user who calls (UPSTREAM_AUTH=on-behalf-of)',
  'by-caller': 'on behalf of users, for applications in the gateway’s own name (UPSTREAM_AUTH=by-caller)',
}

const introduce = async ({ check, print, signal, world }: Stage): Promise<void> => {
  const { auditDirectory, graphUrl, identityProvider, logFile, proxy, upstreamAuth } = world
  print.step('What runs: Graph’s double, an identity provider, and the proxy between callers and Graph')
  print.line(`proxy              ${proxy.url} (process ${String(proxy.pid)})`)
  print.line(`its health         ${proxy.adminUrl}/readyz`)
  print.line(`its audit ledger   ${auditDirectory}`)
  print.line(`its log            ${logFile}`)
  print.line(`identity provider  ${identityProvider.issuer}`)
  print.line(`Graph double       ${graphUrl}`)
  print.line(`\nGraph is called ${inWords[upstreamAuth]}\n`)
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
    isUser ? equals('scope', callerScope, scp) : equals('roles', [callerRole], roles),
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
  caller: Caller,
): Promise<Played> => {
  const { kind, token } = caller
  const who = kind === 'user' ? `the user ${user.displayName}` : 'the application'
  const upstream = upstreamOf(stage.world.upstreamAuth, caller)
  stage.print.step(`The documented example, below ${route}, on /${version}, by ${who}`)
  const played = await play(stage, {
    path: pathOf(version, route),
    token,
    body: documentedExample.request,
    idempotencyKey: randomUUID(),
  })
  stage.check(...checksOfCreate(played.call, { caller: kind, upstream }, played.answer, played.records))
  return { ...played, upstream }
}

const callAgain = async (stage: Stage, first: Played): Promise<void> => {
  stage.print.step('The same call once more, with the same Idempotency-Key: Graph hears nothing of it')
  const { answer, records } = await play(stage, first.call)
  stage.check(...checksOfReplay(first, answer, records))
}

const callAsApplication = async (stage: Stage, { token }: Caller): Promise<void> => {
  stage.print.step('Refused: an application, since Graph is called on behalf of users alone')
  const { answer, records } = await play(stage, {
    path: pathOf('beta', 'a book'),
    token,
    body: documentedExample.request,
  })
  stage.check(...checksOfRefusal(403, 'callerNotAllowed', answer, records))
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

const callWithTokenForGraph = async (stage: Stage): Promise<void> => {
  stage.print.step('Refused: a token for Graph, the commonest mistake')
  const { signal, world } = stage
  const grant: Grant = applicationGrant(world.graphUrl)
  const token = await takeToken(world.identityProvider.tokenEndpoint, grant, signal)
  const call = { path: pathOf('beta', 'a book'), token, body: documentedExample.request }
  const { answer, records } = await play(stage, call)
  const message = String(valueAt(answer.json, 'error', 'message'))
  stage.check(
    ...checksOfRefusal(401, 'tokenInvalid', answer, records),
    fits('the message names the audience to ask for', proxyApi.audience, message, message.includes(proxyApi.audience)),
    equals('the reason, on record alone', 'graphTokenPresented', valueAt(records[0], 'record', 'reason')),
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

const callsIn = (text: string): ReadonlyArray<unknown> =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => valueAt(parseJson(line), 'auditId'))
    .filter((auditId) => auditId !== undefined)

const proveLedger = async (stage: Stage, creates: ReadonlyArray<Played>): Promise<void> => {
  const { check, print, signal, world } = stage
  const ask = (...args: ReadonlyArray<string>) => auditSays(world.auditDirectory, args, signal)
  const userName = String(valueAt(parseJson(documentedExample.request), 'userName'))
  print.step('What an auditor can find and prove')
  const find = ['find', '--user-name', userName]
  print.line(`$ device-install-state-audit find --user-name '${userName}'`)
  print.line((await ask(...find)).text)
  const found = callsIn((await ask(...find, '--json')).text)
  print.line('$ device-install-state-audit verify')
  const verified = await ask('verify')
  print.line(verified.text)
  check(
    equals(
      'all that one user’s device reported, newest first, though the ledger names nobody',
      creates.map(({ auditId }) => auditId).toReversed(),
      found,
    ),
    equals('verify’s exit code: nothing was changed', 0, verified.code),
  )
}

const lookAtGraph = ({ check, print, world }: Stage, creates: ReadonlyArray<Played>): void => {
  print.step('What Graph saw of all this')
  const journal = world.graph.journal()
  const names = world.namesAtGraph()
  for (const [index, { method, path, status }] of journal.entries()) {
    const who = names[index]?.kind === 'user' ? `on behalf of ${user.displayName}` : 'in the gateway’s own name'
    print.line(`${method} ${path} → ${String(status)}, ${who}`)
  }
  print.line('')
  check(
    // Graph takes none but the gateway's own token, so each 201 says that no caller's token was passed on.
    equals(
      'the four creates, none with a caller’s token, and nothing else',
      creates.map(({ call: { path } }) => `POST ${path} 201`),
      journal.map(({ method, path, status }) => `${method} ${path} ${String(status)}`),
    ),
    equals(
      'each in the name that is on record',
      creates.map(({ upstream }) => ({
        kind: upstream,
        objectId: upstream === 'user' ? user.objectId : gatewayAt(world.graphUrl).objectId,
      })),
      names,
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
