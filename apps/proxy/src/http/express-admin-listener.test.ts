import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { Conversations } from './conversations.js'
import { expressAdminListener } from './express-admin-listener.js'
import { expressApiDocumentation } from './express-api-documentation.js'

it('the admin port tells nothing of why figures cannot be printed, as when they are closed already', async () => {
  const documentation = expressApiDocumentation(() => Promise.resolve('{}'))
  const print = () => Promise.reject(new Error('s3cret'))
  const server = createServer(expressAdminListener([], new Conversations(), print, documentation))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/metrics`)

  expect(response.status).toBe(500)
  expect(await response.text()).toBe('{"status":"failed"}')
  server.close()
  server.closeAllConnections()
})
