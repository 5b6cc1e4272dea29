import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import { aRunningProxy, rawExchange, requestText, type TestWorld, type TestWorldOptions } from './a-running-proxy.js'
import { ada, gateway, userToken } from './a-tenant.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const aCertificate = (name: string) =>
  generate([{ name: 'commonName', value: name }], { keyType: 'rsa', algorithm: 'sha256' })

const [certificate, otherCertificate] = [await aCertificate('gateway'), await aCertificate('other')]
const cluster = generateKeyPairSync('rsa', { modulusLength: 2048 })
const workload = {
  issuer: 'https://cluster.example',
  subject: 'system:serviceaccount:apps:gateway',
  audience: 'api://AzureADTokenExchange',
  publicKey: cluster.publicKey,
}

const encryptedKey = (password: string): string =>
  createPrivateKey(certificate.private)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password })
    .toString()

const serviceAccountToken = (subject = workload.subject): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(workload.issuer)
    .setSubject(subject)
    .setAudience(workload.audience)
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(cluster.privateKey)

/** How the gateway proves itself: what is in its folder and environment, and what Entra knows of it. */
interface Credential {
  readonly name: string
  readonly authentication: string
  readonly gateway: NonNullable<TestWorldOptions['gateway']>
  readonly environment: (file: (content: string) => string) => Readonly<Record<string, string>>
}

const noSecret = { clientSecret: 'unused' }

const credentials: ReadonlyArray<Credential> = [
  { name: 'a secret', authentication: 'client_secret', gateway: {}, environment: () => ({}) },
  {
    name: 'a certificate',
    authentication: 'certificate',
    gateway: { ...noSecret, certificate: certificate.cert },
    environment: (file) => ({
      AZURE_CLIENT_SECRET: '',
      AZURE_CLIENT_CERTIFICATE_PATH: file(`${certificate.private}\n${certificate.cert}`),
    }),
  },
  {
    name: 'a certificate whose key has a password, sent along',
    authentication: 'certificate',
    gateway: { ...noSecret, certificate: certificate.cert },
    environment: (file) => ({
      AZURE_CLIENT_SECRET: '',
      AZURE_CLIENT_CERTIFICATE_PATH: file(`${certificate.cert}\n${encryptedKey('open sesame')}`),
      AZURE_CLIENT_CERTIFICATE_PASSWORD: 'open sesame',
      AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true',
    }),
  },
  {
    name: 'the token of a workload',
    authentication: 'federated',
    gateway: { ...noSecret, federatedCredential: workload },
    environment: (file) => ({ AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: file(tokenOfWorkload) }),
  },
]
const tokenOfWorkload = await serviceAccountToken()

const started = async ({ environment, gateway: change }: Credential, mode: string): Promise<TestWorld> => {
  world = await aRunningProxy(
    (directory) => ({
      UPSTREAM_AUTH: mode,
      ...environment((content) => {
        const path = join(directory, 'credential.pem')
        writeFileSync(path, content)
        return path
      }),
    }),
    { gateway: change },
  )
  return world
}

const call = async ({ port, provider, recordsOf }: TestWorld) => {
  const reply = await rawExchange(port, requestText({ authorization: `Bearer ${await userToken(provider, ada)}` }))
  return { reply, records: recordsOf(String(reply.headers['audit-id'])) }
}

describe.each(credentials)('the gateway proves itself by $name', (credential) => {
  it.each([
    ['app', 'client_credentials'],
    ['on-behalf-of', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
  ])('and calls Graph with UPSTREAM_AUTH=%s', async (mode, grantType) => {
    const running = await started(credential, mode)
    const { reply } = await call(running)

    expect(reply.status).toBe(201)
    expect(running.provider.tokenRequests().filter(({ clientId }) => clientId === gateway.clientId)).toMatchObject([
      { grantType, clientAuthentication: credential.authentication, status: 200 },
    ])
  })
})

describe('when Entra does not take the credential', () => {
  it.each<[string, Credential, RegExp]>([
    [
      'another certificate',
      {
        ...(credentials[1] as Credential),
        gateway: { ...noSecret, certificate: otherCertificate.cert },
      },
      /AADSTS700027/,
    ],
    [
      'the token of another workload',
      {
        ...(credentials[3] as Credential),
        gateway: { ...noSecret, federatedCredential: { ...workload, subject: 'other' } },
      },
      /AADSTS70021/,
    ],
    ['another secret', { ...(credentials[0] as Credential), gateway: { clientSecret: 'rotated' } }, /AADSTS7000215/],
    [
      'a file that is no certificate',
      {
        ...(credentials[1] as Credential),
        environment: (file) => ({ AZURE_CLIENT_SECRET: '', AZURE_CLIENT_CERTIFICATE_PATH: file('nothing') }),
      },
      /private key/,
    ],
    [
      'a file that is not there',
      {
        ...(credentials[3] as Credential),
        environment: () => ({ AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: '/nowhere' }),
      },
      /ENOENT/,
    ],
  ])('(%s) the record says so, and neither it nor the log tells the credential', async (_, credential, reason) => {
    for (const mode of ['app', 'on-behalf-of']) {
      const running = await started(credential, mode)
      const { records, reply } = await call(running)

      expect(reply).toMatchObject({ status: 503, error: { code: 'upstreamAuthUnavailable' } })
      expect(records[1]).toMatchObject({ outcome: 'notSent', reason: expect.stringMatching(reason) })
      expect(JSON.stringify([reply, running.records(), running.logged])).not.toMatch(/a secret of|eyJ|BEGIN/)
      await running.stop()
      world = undefined
    }
  })
})
