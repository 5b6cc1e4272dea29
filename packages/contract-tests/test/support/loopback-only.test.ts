import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { guardOfAllTests } from './loopback-only.js'

// The addresses are of TEST-NET-3, where nobody is, and the name cannot exist: RFC 5737, RFC 6761.
const heldBack = { code: 'TRAFFIC_SLIPPED' }

describe('the network of these tests', () => {
  it('does not let fetch out, and a test that tries fails', async () => {
    await expect(fetch('http://graph.invalid/')).rejects.toMatchObject({ cause: heldBack })

    expect(() => guardOfAllTests.check()).toThrow('graph.invalid:80')
  })

  it('does not let a socket out, plain or TLS', async () => {
    const plain = await once(connect(9, '203.0.113.1'), 'error')
    const tls = await once(connectTls({ port: 9, host: '203.0.113.1' }), 'error')

    expect([plain, tls]).toMatchObject([[heldBack], [heldBack]])
    expect(() => guardOfAllTests.check()).toThrow('203.0.113.1:9')
  })
})
