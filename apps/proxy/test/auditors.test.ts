import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present, rawExchange, type RawReply, requestText, type TestWorld, aRunningProxy } from './a-running-proxy.js'
import { good, problemsIn } from './an-environment.js'
import { ada, appIdUri, auditor, auditorToken, auditPermission, importer, userToken } from './a-tenant.js'

/** What a test looks at of what an auditor gets. */
interface Got {
  readonly value: ReadonlyArray<{
    readonly auditId: string
    readonly entry: { readonly record: { readonly kind: string } }
  }>
  readonly cursor?: string
  readonly '@odata.nextLink'?: string
  readonly error: { readonly code: string; readonly innerError: object }
}

const bodyOf = (change: object): string => JSON.stringify({ ...JSON.parse(documentedExample.request), ...change })

describe('an auditor', () => {
  let world: TestWorld
  let token: string
  const grace: Array<string> = []

  const callWith = async (change: object): Promise<RawReply> =>
    rawExchange(world.port, requestText({ authorization: `Bearer ${await world.token()}`, body: bodyOf(change) }))

  const ask = async (
    path: string,
    init: {
      readonly method?: string
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    } = {},
    bearer = token,
  ) => {
    const response = await fetch(`${world.adminUrl}${path}`, {
      ...init,
      headers: { ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }), ...init.headers },
    })
    const text = await response.text()
    const json: Got = JSON.parse(text)
    return { status: response.status, headers: response.headers, json, text }
  }

  const search = (query: object, bearer = token) =>
    ask(
      '/audit/calls/search',
      { method: 'POST', body: JSON.stringify(query), headers: { 'content-type': 'application/json' } },
      bearer,
    )

  beforeAll(async () => {
    world = await aRunningProxy({ AUDIT_READER_ROLE: auditPermission })
    token = await auditorToken(world.provider)
    for (let index = 0; index < 5; index++) {
      const reply = await callWith({ userName: 'Grace Hopper', deviceId: `device-${index}` })
      grace.unshift(String(reply.headers['audit-id']))
    }
    await callWith({ userName: 'Alan Turing', deviceId: 'device-0' })
    await callWith({ userName: 'Alan Turing', installState: 'lost' })
  })
  afterAll(() => world.stop())

  it('finds all that was reported of one user, page by page', async () => {
    const ids: Array<string> = []
    let cursor: string | undefined
    do {
      const { headers, json, status } = await search({
        userName: 'Grace Hopper',
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      })
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(json['@odata.nextLink']).toBeUndefined()
      for (const call of json.value) {
        expect(call).toMatchObject({ kind: 'call', outcome: 'applied', caller: { objectId: importer.objectId } })
        ids.push(call.auditId)
      }
      cursor = json.cursor
    } while (cursor !== undefined)

    expect(ids).toEqual(grace)
  })

  it('finds what one device reported of one user', async () => {
    const { json } = await search({ userName: 'Grace Hopper', deviceId: 'device-0' })

    expect(json.value.map(({ auditId }) => auditId)).toEqual([grace.at(-1)])
  })

  it('goes from page to page by the link in the answer', async () => {
    const seen: Array<string> = []
    let link: string | undefined = `/audit/calls?caller=${importer.objectId}&outcome=applied&limit=4&since=1h`
    while (link !== undefined) {
      const { json, status }: Awaited<ReturnType<typeof ask>> = await ask(link)
      expect(status).toBe(200)
      seen.push(...json.value.map(({ auditId }) => auditId))
      link = json['@odata.nextLink']
    }

    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(6)
  })

  it('finds what was turned away, and why', async () => {
    const { json } = await ask('/audit/calls?refusals=true&code=bodyInvalid')

    expect(json.value).toMatchObject([{ kind: 'refusal', code: 'bodyInvalid', status: 400 }])
  })

  it('sees all records of one call, as they can be verified', async () => {
    const { json } = await ask(`/audit/calls/${String(grace[0])}`)

    expect(json.value.map(({ entry }) => entry.record.kind)).toEqual(['intent', 'outcome'])
    expect(json.value[0]).toMatchObject({ stream: 1, hash: expect.stringMatching(/^.{44}$/) })
    expect((await ask('/audit/calls/01900000-0000-7000-8000-000000000000')).status).toBe(404)
  })

  it('sees the checkpoints', async () => {
    const { json, status } = await ask('/audit/checkpoints?limit=1')

    expect([status, Array.isArray(json.value)]).toEqual([200, true])
  })

  it('may be a user', async () => {
    const bearer = await userToken(world.provider, ada, { scope: `${appIdUri}/${auditPermission}` })

    expect((await ask('/audit/calls', {}, bearer)).status).toBe(200)
  })

  it.each([
    ['GET', '/audit/calls?colour=red', 400, 'queryInvalid'],
    ['GET', '/audit/calls?limit=501', 400, 'queryInvalid'],
    ['GET', '/audit/calls?limit=0', 400, 'queryInvalid'],
    ['GET', '/audit/calls?since=yesterday', 400, 'queryInvalid'],
    ['GET', '/audit/calls?book=a&book=b', 400, 'queryInvalid'],
    ['GET', '/audit/calls?cursor=abc', 400, 'queryInvalid'],
    ['GET', '/audit/calls?userName=Grace%20Hopper', 400, 'queryInvalid'],
    ['GET', '/audit/checkpoints?book=a', 400, 'queryInvalid'],
    ['GET', '/audit/calls/search', 405, 'methodNotAllowed'],
    ['POST', '/audit/calls', 405, 'methodNotAllowed'],
    ['DELETE', '/audit/checkpoints', 405, 'methodNotAllowed'],
    ['GET', '/audit', 404, 'routeNotFound'],
    ['GET', '/audit/calls/x', 404, 'routeNotFound'],
    ['POST', '/audit/calls/search', 415, 'unsupportedMediaType'],
  ])('is told what is wrong with %s %s', async (method, path, status, code) => {
    const answer = await ask(path, { method })

    expect([answer.status, answer.json.error.code]).toEqual([status, code])
    expect(answer.json.error.innerError).toMatchObject({ code, source: 'gateway' })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.text).not.toContain('Grace')
  })

  it.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['a member that is no text', '{"userName":{}}'],
    ['a member twice', '{"a":1,"a":1}'],
    ['too much', `{"book":"${'x'.repeat(40_000)}"}`],
  ])('is told what is wrong with a body that has %s', async (_what, body) => {
    const { status } = await ask('/audit/calls/search', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })

    expect([400, 413]).toContain(status)
  })

  it.each([
    ['since', '-271821-04-20T00:00:00.000Z'],
    ['until', '+275760-09-13T00:00:00.000Z'],
    ['since', '2026 (\u0000)'],
    ['since', '2026-02-31T00:00:00.000Z'],
  ])('does no harm with a cursor of its own making, for %s %j', async (name, time) => {
    const cursor = Buffer.from(JSON.stringify({ v: 1, by: 'outcome', at: [0], [name]: time })).toString('base64url')

    expect((await ask(`/audit/calls?outcome=applied&cursor=${cursor}`)).status).toBe(400)
    expect((await ask('/audit/calls')).status).toBe(200)
  })

  it('finds by what came of them the calls up to the end of time', async () => {
    const answer = await ask('/audit/calls?outcome=applied&until=9999-12-31')

    expect(answer.json.value.length).toBeGreaterThan(0)
  })

  it('is nobody without the role', async () => {
    const none = await ask('/audit/calls', {}, '')
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await ask('/audit/calls', {}, 'x.y.z')).status).toBe(401)

    for (const bearer of [await world.token(), await userToken(world.provider, ada)]) {
      // It is known to the proxy as a caller's by now.
      await present(world, bearer)
      const refused = await ask('/audit/calls', {}, bearer)

      expect([refused.status, refused.json.error.code]).toEqual([403, 'scopeMissing'])
      expect(refused.headers.get('www-authenticate')).toContain(`scope="${auditPermission}"`)
      expect((await search({ userName: 'Grace Hopper' }, bearer)).status).toBe(403)
    }
  })

  it('makes no calls', async () => {
    await ask('/audit/calls')

    expect((await present(world, token)).status).toBe(403)
  })

  it('is told of in the process log, by name, and no value of what was looked for is', async () => {
    await search({ userName: 'Grace Hopper', deviceId: 'device-1', limit: 1 })
    const log = JSON.stringify(world.logged)

    expect(world.logged).toContainEqual([
      'the audit ledger was asked',
      expect.objectContaining({
        auditor: expect.objectContaining({ objectId: auditor.objectId }),
        what: 'search',
        names: ['userName', 'deviceId', 'limit'],
        status: 200,
        found: 1,
      }),
    ])
    for (const value of ['Grace', 'Hopper', 'device-1', token]) expect(log).not.toContain(value)
  })
})

describe('where nobody is an auditor', () => {
  it('has no such path', async () => {
    const world = await aRunningProxy()
    const token = await auditorToken(world.provider)

    for (const path of ['/audit/calls', '/audit/checkpoints', '/elsewhere']) {
      const response = await fetch(`${world.adminUrl}${path}`, { headers: { authorization: `Bearer ${token}` } })
      expect([response.status, await response.json()]).toEqual([
        404,
        { status: 'notFound', known: ['/livez', '/readyz', '/metrics', '/docs', '/openapi.json'] },
      ])
    }
    await world.stop()
  })
})

describe('the permission of auditors', () => {
  it.each(['CALLER_ROLE', 'CALLER_SCOPE'])('may not be %s', (name) => {
    expect(problemsIn({ ...good, AUDIT_READER_ROLE: 'Same', [name]: 'Same' }).map(({ variable }) => variable)).toEqual([
      'AUDIT_READER_ROLE',
    ])
    expect(problemsIn({ ...good, AUDIT_READER_ROLE: 'Other', [name]: 'Same' })).toEqual([])
  })
})
