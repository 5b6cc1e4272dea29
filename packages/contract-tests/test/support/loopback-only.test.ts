import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'

// The addresses are of TEST-NET-1, where nobody is, and the name cannot exist: RFC 5737, RFC 6761.
const elsewhere = 'these tests stay on this machine'

describe('the network of these tests', () => {
  it('does not let fetch out', async () => {
    await expect(fetch('http://graph.invalid/')).rejects.toMatchObject({
      cause: { message: expect.stringContaining(elsewhere) },
    })
  })

  it('does not let a socket out, plain or TLS', () => {
    expect(() => connect(9, '192.0.2.1')).toThrow(elsewhere)
    expect(() => connectTls({ port: 9, host: '192.0.2.1' })).toThrow(elsewhere)
  })
})
