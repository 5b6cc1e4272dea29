// Every way in which a Node program asks for something, beside an msw that answers all of it: a program of its own, since
// how a module was imported, and what was open before msw listened, is what it is about. It prints JSON: for each way who
// answered. With `guarded` the guard is there as well, and it prints what the guard saw.
//
// Beyond msw there is nobody but a server on this machine, which counts what reaches it.
import { once } from 'node:events'
import http, { get as namedGet, request as namedRequest } from 'node:http'
import * as httpNamespace from 'node:http'
import http2 from 'node:http2'
import https, { get as namedHttpsGet } from 'node:https'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import net, { connect as namedConnect, Socket } from 'node:net'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { http as handle, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { generate } from 'selfsigned'
import * as undici from 'undici'
import { guardTraffic } from '../../dist/guard/index.js'

const guarded = process.argv.includes('guarded')
const required = createRequire(import.meta.url)('node:http')

const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
})

let reached = 0
const servers = []
const listen = async (server) => {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
const outside = (_request, response) => {
  reached += 1
  response.end('the outside')
}
// One for each way: connections are kept, and what one opened another would use.
const plain = async () => `http://127.0.0.1:${await listen(http.createServer(outside))}/`
const secure = async () => `https://127.0.0.1:${await listen(https.createServer({ cert, key }, outside))}/`
const second = async () => `http://127.0.0.1:${await listen(http2.createServer(outside))}/`

const answerTo = (request) =>
  new Promise((resolve, reject) => {
    request.on('response', (response) => resolve(text(response)))
    request.on('error', reject)
    request.end()
  })
const overSocket = async (socket) => {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  return text(socket)
}
const overSession = (session) => text(session.request({ ':path': '/' }))
const dispatched = (dispatcher, origin) =>
  new Promise((resolve, reject) => {
    let body = ''
    dispatcher.dispatch(
      { origin, path: '/', method: 'GET' },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          body += chunk
        },
        onResponseEnd: () => resolve(body),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })

const noAgent = { agent: false }
const secureOptions = { ca: cert, agent: false }

// What is open before msw listens.
const opened = { fetch: await plain(), http: await plain(), namespace: await plain(), undici: await plain() }
const importedBefore = await import('node:http')
const agent = new http.Agent({ keepAlive: true })
const pool = new undici.Pool(opened.undici)
await (await fetch(opened.fetch)).text()
await answerTo(http.request(opened.http, { agent }))
await answerTo(http.request(opened.namespace, { agent }))
await (await pool.request({ path: '/', method: 'GET' })).body.text()
const session = http2.connect(await second())
session.on('error', () => undefined)
await once(session, 'connect')

const guard = guarded ? guardTraffic({ loopback: false }) : undefined
const server = setupServer(handle.all('*', () => HttpResponse.text('msw')))
server.listen({ onUnhandledFrame: 'error' })

const importedAfter = await import('node:http')

const portOf = async (url) => Number(new URL(await url).port)

const ways = {
  '`fetch`': async () => (await fetch(await plain())).text(),
  '`fetch`, on a connection opened before `listen()`': async () => (await fetch(opened.fetch)).text(),
  "`http.request`, `import http from 'node:http'`": async () => answerTo(http.request(await plain(), noAgent)),
  '`http.request`, on a connection opened before `listen()`': async () =>
    answerTo(http.request(opened.http, { agent })),
  "`http.request`, `require('node:http')`": async () => answerTo(required.request(await plain(), noAgent)),
  "`http.request`, `import * as http from 'node:http'`": async () =>
    answerTo(httpNamespace.request(await plain(), noAgent)),
  '`http.request`, `import * as http`, on a connection opened before `listen()`': async () =>
    answerTo(httpNamespace.request(opened.namespace, { agent })),
  "`request`, `import { request } from 'node:http'`": async () => answerTo(namedRequest(await plain(), noAgent)),
  "`http.request`, `await import('node:http')` before `listen()`": async () =>
    answerTo(importedBefore.request(await plain(), noAgent)),
  "`http.request`, `await import('node:http')` after `listen()`": async () =>
    answerTo(importedAfter.request(await plain(), noAgent)),
  "`https.request`, `import https from 'node:https'`": async () =>
    answerTo(https.request(await secure(), secureOptions)),
  "`get`, `import { get } from 'node:https'`": async () => answerTo(namedHttpsGet(await secure(), secureOptions)),
  'undici `request`': async () => (await undici.request(await plain())).body.text(),
  'undici `fetch`': async () => (await undici.fetch(await plain())).text(),
  'undici `stream`': async () => {
    let body = ''
    const kept = new Writable({
      write(chunk, _encoding, done) {
        body += chunk
        done()
      },
    })
    await undici.stream(await plain(), { method: 'GET' }, () => kept)
    return body
  },
  'undici `Client`': async () =>
    (await new undici.Client(await plain()).request({ path: '/', method: 'GET' })).body.text(),
  'undici `Pool`, on a connection opened before `listen()`': async () =>
    (await pool.request({ path: '/', method: 'GET' })).body.text(),
  'undici `dispatch`': async () => dispatched(new undici.Agent(), await plain()),
  '`http2`, on a session opened before `listen()`': async () => overSession(session),
  '`net.connect`': async () => overSocket(net.connect(await portOf(plain()), '127.0.0.1')),
  "`connect`, `import { connect } from 'node:net'`": async () =>
    overSocket(namedConnect(await portOf(plain()), '127.0.0.1')),
  '`new net.Socket().connect`': async () => overSocket(new Socket().connect(await portOf(plain()), '127.0.0.1')),
  '`tls.connect`': async () => overSocket(tls.connect({ port: await portOf(secure()), host: '127.0.0.1', ca: cert })),
  "`get`, `import { get } from 'node:http'`, after `syncBuiltinESMExports()`": async () => {
    syncBuiltinESMExports()
    return answerTo(namedGet(await plain(), noAgent))
  },
}

const told = {}
for (const [way, ask] of Object.entries(ways)) {
  const before = reached
  const answer = await ask().catch((error) => (error instanceof Error ? error.message : String(error)))
  told[way] = { answer, reached: reached - before, slips: guard?.slips().map(({ how, to }) => `${how} ${to}`) ?? [] }
  try {
    guard?.check()
  } catch {
    // It is seen in `slips`; the next way begins without.
  }
}
server.close()
guard?.stop()
console.log(JSON.stringify(told))
session.destroy()
for (const one of servers) {
  one.close()
  one.closeAllConnections?.()
}
