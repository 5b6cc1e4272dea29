import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from './start-identity-provider.js'
import { trustCertificate } from './trust-certificate.js'

let running: ReadonlyArray<IdentityProvider> = []
afterEach(() => Promise.all(running.map(({ stop }) => stop())))

const aProvider = async (): Promise<IdentityProvider> => {
  const provider = await startIdentityProvider({ tenantId: randomUUID(), tls: true, apis: [], clients: [], users: [] })
  running = [...running, provider]
  return provider
}

const isReached = ({ jwksUri }: IdentityProvider): Promise<boolean> =>
  fetch(jwksUri, { headers: { connection: 'close' } }).then(
    ({ ok }) => ok,
    () => false,
  )

describe('a certificate', () => {
  it('is trusted until it no longer is, whatever else is trusted meanwhile', async () => {
    const [first, second] = [await aProvider(), await aProvider()]
    expect(await isReached(first)).toBe(false)

    const distrustFirst = trustCertificate(first.certificate ?? '')
    const distrustSecond = trustCertificate(second.certificate ?? '')
    expect([await isReached(first), await isReached(second)]).toEqual([true, true])

    distrustFirst()
    expect(await isReached(second)).toBe(true)
    distrustSecond()
    expect([await isReached(first), await isReached(second)]).toEqual([false, false])
  })
})
