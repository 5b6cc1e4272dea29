import { appendFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aProxyProcess,
  callOver,
  type ProxyProcess,
  type Surroundings,
  surroundings,
  untilReady,
} from './a-proxy-process.js'
import { creates } from './a-running-proxy.js'
import { aTestAuthority } from './a-test-authority.js'
import { type ScriptedServer, scriptedServer } from './scripted-server.js'

let graph: ScriptedServer
let around: Surroundings
let proxy: ProxyProcess
const agent = new Agent()
beforeAll(async () => {
  const authority = await aTestAuthority()
  graph = await scriptedServer(creates, () => undefined, await authority.issue())
  around = await surroundings(graph.url)
  // Beside the provider's own.
  appendFileSync(String(around.environment['NODE_EXTRA_CA_CERTS']), `\n${authority.certificate}`)
  proxy = await aProxyProcess({
    ...around.environment,
    AUDIT_DIRECTORY: `${around.folder}/audit`,
    // What Node's own fetch would obey. Nobody is there.
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
  })
  await untilReady(proxy)
})
afterAll(async () => {
  agent.destroy()
  await proxy.stop()
  await around.stop()
  await graph.stop()
})

describe('with an authority in NODE_EXTRA_CA_CERTS', () => {
  it('Graph and the login service are trusted, and reached as the gateway’s own settings say', async () => {
    const told = await callOver(agent, proxy, { token: await around.token() })

    expect(told?.status).toBe(201)
    expect(graph.received.join('').match(/POST /g)).toHaveLength(1)
  })
})
