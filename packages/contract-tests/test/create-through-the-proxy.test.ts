import { documentedExample } from '@device-install-state/model/fields'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { aCreate, bookPath, exampleWith, places } from './a-create.js'
import { exchange } from './support/exchange.js'
import { startSystem, type System } from './support/start-system.js'
import { ada, gateway, importer } from './support/tenant.js'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterEach(() => system.graph.reset())
afterAll(() => system.stop())

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const lastSyncDateTime = '2017-01-01T00:02:49.3205976-08:00'

describe.each(places)('the documented example, sent to $path', ({ name, path, version }) => {
  it('is created, and the caller gets what Graph created', async () => {
    const { answer } = await exchange(system, { path })

    const [created, ...others] = system.graph.created()
    expect(others).toEqual([])
    expect(answer.status).toBe(201)
    expect(JSON.parse(answer.text)).toEqual({ '@odata.context': expect.any(String), ...created?.entity })
    expect(created).toMatchObject({
      route: { operation: name, version },
      entity: JSON.parse(documentedExample.request),
    })
    expect(answer.text).toContain(`"lastSyncDateTime":"${lastSyncDateTime}"`)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'audit-id': expect.stringMatching(uuidV7),
      'client-request-id': answer.headers['audit-id'],
      'request-id': expect.stringMatching(uuid),
    })
    expect(answer.headers['request-id']).not.toBe(answer.headers['audit-id'])
  })

  it('reaches Graph once: a POST to the path without a slash, with the headers of the proxy alone', async () => {
    const { answer, arrivals } = await exchange(system, { path })

    expect(arrivals).toHaveLength(1)
    expect(arrivals[0]).toMatchObject({ method: 'POST', path: path.replace(/\/$/, ''), query: '', status: 201 })
    expect(Object.keys(arrivals[0]?.headers ?? {}).sort()).toEqual(headersToGraph)
    expect(arrivals[0]?.headers).toMatchObject({
      'client-request-id': answer.headers['audit-id'],
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(arrivals[0]?.body ?? '')),
      host: new URL(system.graphUrl).host,
    })
  })

  it('reaches Graph as the value it was, with a token of the gateway', async () => {
    const { arrivals } = await exchange(system, { path })

    expect(JSON.parse(arrivals[0]?.body ?? '')).toEqual(JSON.parse(documentedExample.request))
    expect(arrivals[0]?.body).toContain(`"lastSyncDateTime":"${lastSyncDateTime}"`)
    const atGraph = arrivals[0]?.headers['authorization']?.replace('Bearer ', '') ?? ''
    expect(atGraph).not.toBe(system.token)
    expect(decodeJwt(atGraph)).toMatchObject({ aud: 'https://graph.microsoft.com', azp: gateway.clientId })
  })

  it('is on record: what was meant, then that it was done', async () => {
    const { answer, records } = await exchange(system, { path })

    expect(records).toMatchObject([
      { kind: 'intent', operation: name, version, caller: { kind: 'application', appId: importer.clientId } },
      {
        kind: 'outcome',
        outcome: 'applied',
        graphStatus: 201,
        graphRequestId: answer.headers['request-id'],
        createdId: system.graph.created()[0]?.entity.id,
        attempts: 1,
      },
    ])
  })
})

const headersToGraph = [
  'accept',
  'accept-encoding',
  'authorization',
  'client-request-id',
  'connection',
  'content-length',
  'content-type',
  'host',
  'traceparent',
  'user-agent',
]

describe('the Graph of these tests', () => {
  it('notices a token that is not the gateway’s, so none of a caller can have been passed on', async () => {
    for (const token of [system.token, await system.tokenForGraph()]) {
      const headers = { Authorization: `Bearer ${token}` }
      const response = await fetch(aCreate({ origin: system.graphUrl, headers }))
      expect(response.status).toBe(401)
    }
  })
})

describe('the ids of a call', () => {
  const mine = '2c4a3f0e-9f0d-4f63-8a51-6d1f6f0a7c21'

  it('include the caller’s own, if it sent a GUID; Graph gets ours all the same', async () => {
    const { answer, arrivals, records } = await exchange(system, { headers: { 'client-request-id': mine } })

    expect(answer.headers['client-request-id']).toBe(mine)
    expect(arrivals[0]?.headers['client-request-id']).toBe(answer.headers['audit-id'])
    expect(records[0]).toMatchObject({ auditId: answer.headers['audit-id'], callerRequestId: mine })
  })

  it('leave out what is no GUID', async () => {
    const { answer, records } = await exchange(system, { headers: { 'client-request-id': 'mine' } })

    expect(answer.headers['client-request-id']).toBe(answer.headers['audit-id'])
    expect(records[0]).not.toHaveProperty('callerRequestId')
  })
})

describe('the answer of Graph', () => {
  it('comes through byte for byte, with the request-id of Graph', async () => {
    const requestId = '0a6c0ea0-8b0c-4f39-8f5e-6a7b4f1f7a11'
    const { answer } = await exchange(system, {
      graphAnswers: [{ status: 201, headers: { 'request-id': requestId }, body: documentedExample.response }],
    })

    expect(answer.status).toBe(201)
    expect(answer.text).toBe(documentedExample.response)
    expect(answer.headers['request-id']).toBe(requestId)
  })

  it('brings no other header of Graph with it', async () => {
    const { answer } = await exchange(system, {
      graphAnswers: [
        {
          status: 201,
          headers: {
            'Set-Cookie': 'a=b',
            Server: 'Graph',
            'X-Ms-Ags-Diagnostic': '{}',
            Location: 'https://a.example/',
          },
          body: documentedExample.response,
        },
      ],
    })

    expect(Object.keys(answer.headers).sort()).toEqual([
      'audit-id',
      'cache-control',
      'client-request-id',
      'connection',
      'content-length',
      'content-type',
      'date',
      'request-id',
    ])
  })
})

describe('a caller', () => {
  it('may be a user, who is on record with the application', async () => {
    const { answer, records } = await exchange(system, { token: await system.tokenForUser() })

    expect(answer.status).toBe(201)
    expect(records[0]).toMatchObject({
      caller: { kind: 'user', objectId: ada.objectId, appId: importer.clientId },
    })
  })

  it('cannot put a header into the request to Graph, nor take one away', async () => {
    const { answer, arrivals } = await exchange(system, {
      headers: {
        Connection: 'close, authorization, client-request-id',
        Cookie: 'a=b',
        'X-Forwarded-For': '192.0.2.1',
        'X-HTTP-Method-Override': 'DELETE',
        Prefer: 'respond-async',
        'If-Match': '*',
        'Accept-Encoding': 'br',
      },
    })

    expect(answer.status).toBe(201)
    expect(Object.keys(arrivals[0]?.headers ?? {}).sort()).toEqual(headersToGraph)
    expect(arrivals[0]?.headers).toMatchObject({ accept: 'application/json', 'accept-encoding': 'identity' })
  })
})

describe('a body', () => {
  it.each([
    ['nulls for every string', { deviceName: null, deviceId: null, errorCode: null, osVersion: null, userName: null }],
    ['empty strings', { deviceName: '', userName: '' }],
    ['an id', { id: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9' }],
    ['letters from anywhere', { deviceName: 'Gerät “7”\u2028 🦊', osDescription: '\\ " \u0000 \u001F / <é>' }],
    ['names that JavaScript knows', { deviceName: '__proto__', deviceId: 'constructor', userName: 'toString' }],
    ['a date without fraction', { lastSyncDateTime: '2026-01-15T09:30:00Z' }],
    ['a date with every digit', { lastSyncDateTime: '1999-12-31T23:59:59.9999999+14:00' }],
    ['no @odata.type', { '@odata.type': undefined }],
  ])('with %s arrives as the same value', async (_, change) => {
    const body = exampleWith(change)
    const { answer, arrivals } = await exchange(system, { body })

    expect(answer.status).toBe(201)
    expect(JSON.parse(arrivals[0]?.body ?? '')).toEqual(JSON.parse(body))
    expect(JSON.parse(answer.text)).toMatchObject(JSON.parse(body))
  })

  it('may have blanks around it, and names that are escaped', async () => {
    const body = `\t\r\n ${documentedExample.request.replace('"deviceName"', '"d\\u0065viceName"')} \n`
    const { arrivals } = await exchange(system, { path: bookPath, body })

    expect(JSON.parse(arrivals[0]?.body ?? '')).toEqual(JSON.parse(documentedExample.request))
  })
})
