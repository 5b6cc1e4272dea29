// Answers as Graph does when all is well, as fast as Node can, or after so many milliseconds.
import { createServer } from 'node:http'
import { sayWhere } from './rivals/say-where.ts'
import { answer } from './world.ts'

let delayInMs = 0
process.on('message', (message) => {
  delayInMs = Number(message)
  process.send?.('done')
})

const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(answer)) }

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const reply = (): void => void response.writeHead(201, headers).end(answer)
    if (delayInMs === 0) reply()
    else setTimeout(reply, delayInMs)
  })
})
server.keepAliveTimeout = 600_000
sayWhere(server)
