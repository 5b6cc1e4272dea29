// What is left when no duty is done: Node's own server, and undici's fastest way to pass on.
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { surroundings } from '../world.ts'
import { sayWhere } from './say-where.ts'

const { upstream, upstreamToken } = surroundings()
const pool = new Pool(upstream, { connections: 64, pipelining: 1 })

const server = createServer((request, response) => {
  pool.dispatch(
    {
      method: 'POST',
      path: request.url ?? '/',
      headers: {
        authorization: `Bearer ${upstreamToken}`,
        'content-type': 'application/json',
        'content-length': request.headers['content-length'] ?? '0',
      },
      body: request,
    },
    {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => {
        response.writeHead(status, {
          'Content-Type': headers['content-type'] ?? '',
          'Content-Length': headers['content-length'] ?? '',
        })
      },
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.writeHead(502).end(),
    },
  )
})
sayWhere(server)
