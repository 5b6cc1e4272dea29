import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { documentedExample } from '@device-install-state/model/fields'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aCreate, aToken, bookPath, places } from '../../test/a-create.js'
import { graphDouble, graphErrors, type ListeningGraphDouble, listenGraphDouble } from '../index.js'

const double = graphDouble()
let listening: ListeningGraphDouble
beforeEach(async () => {
  listening = await listenGraphDouble(double)
})
afterEach(async () => {
  await listening.stop()
  double.reset()
})

const connected = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(listening.url).port), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** What comes back for bytes that no client would send. */
const sent = async (head: string): Promise<string> => {
  const socket = await connected()
  socket.write(`${head}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

describe('a double that listens', () => {
  it.each(places)('serves fetch at $path', async ({ path }) => {
    const response = await fetch(aCreate({ origin: listening.url, path }))

    expect(response.status).toBe(201)
    expect(response.headers.get('odata-version')).toBe('4.0')
    expect(await response.json()).toMatchObject(JSON.parse(documentedExample.request))
  })

  it('serves node:http, and writes down each header that came', async () => {
    const headers = { ...aToken, 'Content-Type': 'application/json', Accept: ['a/b', 'c/d'] }
    const request = httpRequest(`${listening.url}${bookPath}?a=%27'`, { method: 'POST', headers })
    request.end(documentedExample.request)
    const [response] = await once(request, 'response')

    expect(response.statusCode).toBe(201)
    expect(JSON.parse(await text(response))).toMatchObject({ '@odata.context': expect.any(String) })
    expect(double.journal()).toMatchObject([
      {
        path: bookPath,
        headers: { accept: 'a/b, c/d', host: new URL(listening.url).host, authorization: 'Bearer a-token' },
        body: documentedExample.request,
      },
    ])
  })

  it('lists what was created, and forgets it with a reset of the double', async () => {
    await fetch(aCreate({ origin: listening.url }))
    const list = async () => (await fetch(`${listening.url}${bookPath}`, { headers: aToken })).json()

    expect(await list()).toMatchObject({ value: [{ installState: 'installed' }] })
    double.reset()
    expect(await list()).toMatchObject({ value: [] })
  })

  it('plays the script, headers included', async () => {
    double.answerNext(graphErrors.claimsChallenge)

    const response = await fetch(aCreate({ origin: listening.url }))

    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toContain('insufficient_claims')
    expect(await response.json()).toEqual(graphErrors.claimsChallenge.body)
  })

  it('plays a scripted text to the byte, a byte order mark included', async () => {
    double.answerNext({ status: 201, body: '\uFEFF{}' })

    const response = await fetch(aCreate({ origin: listening.url }))

    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new TextEncoder().encode('\uFEFF{}'))
  })

  it('answers other paths like segments that Graph does not know, and writes them down', async () => {
    const response = await fetch(`${listening.url}/v1.0/users`)

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'BadRequest', message: "Resource not found for the segment 'users'." },
    })
    expect(double.journal()).toMatchObject([{ path: '/v1.0/users', status: 400 }])
  })

  it.each([
    ['dots', bookPath.replace('B1', 'x/../B1'), 400],
    ['encoded dots', bookPath.replace('B1', 'x/%2e%2e/B1'), 400],
    ['a whole URL', `http://graph.microsoft.com${bookPath}`, 404],
    ['an asterisk', '*', 404],
  ])('follows no target with %s', async (_, target, status) => {
    expect(await sent(`OPTIONS ${target} HTTP/1.1`)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(double.journal()).toMatchObject([{ path: target, status }])
  })

  it('has nothing to say to TRACE', async () => {
    expect(await sent(`TRACE ${bookPath} HTTP/1.1`)).toBe('')
  })

  it('outlives a client that leaves in the middle of its body', async () => {
    const socket = await connected()
    socket.write(`POST ${bookPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 374\r\n\r\n{`)
    socket.destroy()
    await once(socket, 'close')

    expect((await fetch(aCreate({ origin: listening.url }))).status).toBe(201)
    expect(double.created()).toHaveLength(1)
  })
})

describe('a double that has stopped', () => {
  it('leaves nothing that listens, and no connection open', async () => {
    const socket = await connected()
    const closed = once(socket, 'close')

    await listening.stop()
    await closed

    await expect(connected()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('may be stopped again, and its port be taken again', async () => {
    const port = Number(new URL(listening.url).port)
    await listening.stop()
    await listening.stop()

    const again = await listenGraphDouble(double, { port })
    expect(again.url).toBe(listening.url)
    await expect(listenGraphDouble(double, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await again.stop()
  })
})
