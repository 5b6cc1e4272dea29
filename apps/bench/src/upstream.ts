// Answers as Graph does when all is well, as fast as Node can, or after so many milliseconds.
import { createServer } from 'node:http'
import { sayWhere } from './rivals/say-where.ts'
import { answer, oddBooks } from './world.ts'

let delayInMs = 0
process.on('message', (message) => {
  delayInMs = Number(message)
  process.send?.('done')
})

const headers = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(answer)) }

let odd = 0
const oddAnswer = (): string => answer.replace('{', `{"unheardOf${String(odd++)}":"of",`)

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const reply = (): void => {
      if (request.url?.includes(`/${oddBooks}-`) === true)
        response.writeHead(201, { 'Content-Type': 'application/json' }).end(oddAnswer())
      else response.writeHead(201, headers).end(answer)
    }
    if (delayInMs === 0) reply()
    else setTimeout(reply, delayInMs)
  })
})
server.keepAliveTimeout = 600_000
sayWhere(server)
