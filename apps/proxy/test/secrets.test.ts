import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aProxyProcess,
  callOver,
  echoing,
  type ProxyProcess,
  type Surroundings,
  surroundings,
  untilReady,
} from './a-proxy-process.js'
import { bookPath } from './a-request.js'
import { rawExchange, requestText } from './a-running-proxy.js'
import { ada, gateway, userToken } from './a-tenant.js'

let around: Surroundings
let proxy: ProxyProcess
let directory = ''
beforeAll(async () => {
  around = await surroundings()
  directory = mkdtempSync(join(around.folder, 'ledger-'))
  proxy = await aProxyProcess({
    ...around.environment,
    AUDIT_DIRECTORY: directory,
    AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
    LOG_LEVEL: 'debug',
  })
  await untilReady(proxy)
})
afterAll(() => around.stop())

const personal = {
  deviceName: 'Zebulon-laptop-of-Quentin',
  deviceId: 'Q-device-4711-id',
  osDescription: 'Quuxos (Zebulon build)',
  userName: 'Quentin Zebulon-Quarles',
  errorCode: 'Zq-0x87D1FDE8-text',
  osVersion: 'Zq-10.0.26100',
} as const
const body = JSON.stringify({ ...(JSON.parse(documentedExample.request) as object), ...personal })

/** What else must not be found: parts of tokens, whoever made them, keys, passwords, and what was sent where it does not belong. */
const madeUp = {
  badToken: 'eyJhbGciOiJub25lIn0-ZqHeader.ZqPayloadZqPayload.ZqSignatureZqSignature',
  inQuery: 'ZqTokenInTheQueryZqTokenInTheQuery',
  inPath: 'ZqSecretInThePath',
  inHeader: 'ZqHeaderValueThatNobodyAskedFor',
  inIdempotencyKey: 'ZqIdempotencyKey-0123456789',
  inRequestId: 'ZqNoGuidAtAll',
  inGarbage: 'ZqGarbageThatIsNoHttp',
  inForwarded: 'ZqForwardedFor',
} as const

/** Told to the caller, whose word it is, and to nobody else. */
const propertyName = 'ZqPropertyNameOfTheCaller'

const partsOf = (token: string): ReadonlyArray<string> => token.split('.').filter((part) => part.length > 8)

/** As it is, and as it may have been written by something that does not know what it writes. */
const formsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  Buffer.from(secret).toString('hex'),
]

const keyTexts = (): ReadonlyArray<string> =>
  ['audit-digest.key', 'audit-signing.key'].flatMap((name) =>
    readFileSync(join(directory, name), 'latin1')
      .split('\n')
      .filter((line) => line.length > 8 && !line.startsWith('-----')),
  )

/** All that anybody asks, good and bad. Gives what they were told, but for the answer of Graph that they asked for. */
const battery = async (): Promise<{ readonly told: ReadonlyArray<string>; readonly tokens: ReadonlyArray<string> }> => {
  const agent = new Agent({ keepAlive: true })
  const told: Array<string> = []
  const own = await around.token()
  const adas = await userToken(around.provider, ada)
  const [head = '', payload = ''] = own.split('.')
  const tokens = [own, adas, madeUp.badToken]
  const ask = async (change: Parameters<typeof callOver>[2], isAnswerOfGraph = false): Promise<number | undefined> => {
    const answer = await callOver(agent, proxy, change)
    if (!isAnswerOfGraph) told.push(answer?.body ?? '')
    return answer?.status
  }
  const raw = async (text: string): Promise<void> => {
    const reply = await rawExchange(proxy.port, text)
    told.push(JSON.stringify(reply.headers), reply.body)
  }
  const authorization = `Bearer ${own}`

  for (const token of [own, adas]) {
    expect(await ask({ token, body }, true)).toBe(201)
    const idempotencyKey = madeUp.inIdempotencyKey
    expect(await ask({ token, body, idempotencyKey }, true)).toBe(201)
    expect(await ask({ token, body, idempotencyKey }, true)).toBe(201)
    expect(await ask({ token, body: documentedExample.request, idempotencyKey })).toBe(400)
    expect(await ask({ token, body, book: `B1${echoing}` })).toBe(400)
    for (const bad of [
      body.slice(0, -1),
      `${body}${body}`,
      body.replace('{', `{"${propertyName}":"${personal.userName}",`),
      body.replace('"installed"', `"${personal.userName}"`),
      JSON.stringify({ ...JSON.parse(body), lastSyncDateTime: personal.userName }),
      JSON.stringify({ ...JSON.parse(body), deviceName: [personal.deviceName] }),
      JSON.stringify([personal]),
      `"${personal.userName}"`,
    ])
      expect(await ask({ token, body: bad })).toBe(400)
  }
  for (const token of [
    madeUp.badToken,
    `${own.slice(0, -10)}AAAAAAAAAA`,
    `${head}.${payload}`,
    `${head}.${payload}.`,
    `${own}.${madeUp.badToken}`,
    [...around.graph.tokens][0] ?? '',
  ])
    expect(await ask({ token, body })).toBe(401)

  const more = [
    `X-Forwarded-For: ${madeUp.inForwarded}`,
    `Cookie: ${madeUp.inHeader}`,
    `X-Whatever: ${madeUp.inHeader}`,
    `client-request-id: ${madeUp.inRequestId}`,
  ]
  await raw(requestText({ authorization, body: '{}', more }))
  await raw(requestText({ authorization, target: `${bookPath}?access_token=${madeUp.inQuery}`, body }))
  await raw(requestText({ authorization, target: `/${madeUp.inPath}/deviceStates`, body }))
  await raw(requestText({ authorization, target: `http://user:${madeUp.inPath}@localhost${bookPath}`, body }))
  await raw(requestText({ authorization: `Basic ${madeUp.inHeader}`, body }))
  await raw(requestText({ authorization, body, more: [`Authorization: ${authorization}`] }))
  await raw(requestText({ authorization, body, contentType: madeUp.inHeader }))
  await raw(requestText({ authorization, body, method: 'PUT' }))
  await raw(requestText({ authorization, body, more: [`Idempotency-Key: ${madeUp.inIdempotencyKey.repeat(40)}`] }))
  await raw(`${madeUp.inGarbage}\r\n\r\n`)
  await raw(`POST ${bookPath} HTTP/1.1\r\nAuthorization : ${authorization}\r\n${madeUp.inGarbage}\r\n\r\n`)
  await raw(
    `POST ${bookPath} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nX: ${'Zq'.repeat(20_000)}\r\n\r\n`,
  )

  // While the ledger fails, the log has the records.
  const outside = new DatabaseSync(join(directory, 'audit.sqlite'))
  outside.exec("CREATE TRIGGER broken BEFORE INSERT ON record BEGIN SELECT raise(ABORT, 'disk full'); END")
  expect(await ask({ token: own, body })).toBe(503)
  expect(await ask({ token: own, body: '{}' })).toBe(400)
  expect(await ask({ token: madeUp.badToken, body })).toBe(401)
  outside.exec('DROP TRIGGER broken')
  outside.close()
  await untilReady(proxy)

  for (const path of ['/livez', '/readyz', '/', `/${madeUp.inPath}?token=${madeUp.inQuery}`])
    told.push(await (await fetch(`${proxy.adminUrl}${path}`)).text())
  agent.destroy()
  return { told, tokens }
}

describe('after all that callers do, good and bad', () => {
  it('no token, key, secret or personal value is in the ledger, the log, an error or on the admin port', async () => {
    const { told, tokens } = await battery()
    expect(await proxy.stop()).toMatchObject({ code: 0 })

    const secrets = [
      gateway.clientSecret,
      ada.username,
      ada.password,
      // Three letters alone would be found by chance in a hash.
      `"${ada.displayName}"`,
      ...Object.values(personal),
      ...Object.values(madeUp),
      ...keyTexts(),
      ...[...tokens, ...around.graph.tokens].flatMap(partsOf),
    ]
    const places = new Map<string, string>([
      ['the log', proxy.lines.join('\n')],
      ['what callers were told', told.join('\n')],
      ...readdirSync(directory)
        .filter((name) => !name.endsWith('.key'))
        .map((name) => [name, readFileSync(join(directory, name), 'latin1')] as const),
    ])
    const found = secrets.flatMap((secret) =>
      [...places].flatMap(([place, text]) =>
        formsOf(secret).flatMap((form) => {
          const at = text.indexOf(form)
          return at < 0 ? [] : [`${form} is in ${place}: …${text.slice(Math.max(0, at - 120), at + 80)}…`]
        }),
      ),
    )

    // What the scan looks through is what it takes it for.
    expect(places.get('audit.sqlite')).toContain('tokenInvalid')
    expect([...places.keys()]).toContain('checkpoints.jsonl')
    expect(places.get('the log')).toContain('audit record not on disk')
    expect(around.graph.tokens.size).toBeGreaterThan(0)
    expect(found).toEqual([])
    expect(places.get('the log')).not.toContain(propertyName)
    expect(places.get('audit.sqlite')).not.toContain(propertyName)
  })
})
