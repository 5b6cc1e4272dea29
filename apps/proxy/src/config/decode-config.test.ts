import { describe, expect, it } from 'vitest'
import { decodeConfig } from './decode-config.js'
import { variables } from './variables.js'

const secret = 'hunter2-hunter2'
const tenantId = '00000000-0000-4000-8000-000000000001'
const otherTenantId = '00000000-0000-4000-8000-00000000000f'
const good = {
  CALLER_AUDIENCE: '00000000-0000-4000-8000-000000000002',
  AZURE_TENANT_ID: tenantId,
  AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
  AZURE_CLIENT_SECRET: secret,
  AUDIT_DIRECTORY: '/var/lib/audit',
}

type Variables = Readonly<Record<string, string | undefined>>

const problemsIn = (environment: Variables) => {
  const decoded = decodeConfig(environment)
  return decoded._tag === 'Left' ? decoded.left : []
}

const configOf = (change: Variables = {}) => {
  const decoded = decodeConfig({ ...good, ...change })
  if (decoded._tag === 'Left') throw new Error(JSON.stringify(decoded.left))
  return decoded.right
}

describe('the environment', () => {
  it('needs five variables, and the rest has safe defaults', () => {
    expect(configOf()).toMatchObject({
      listen: { host: '0.0.0.0', port: 8080 },
      callers: {
        issuers: [
          {
            kind: 'entra',
            issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
            discovery: `https://login.microsoftonline.com/${tenantId}/v2.0`,
            tenantId,
            version: '2.0',
          },
        ],
        rules: {
          audiences: [good.CALLER_AUDIENCE],
          scope: 'DeviceManagementApps.ReadWrite.All',
          role: 'DeviceManagementApps.ReadWrite.All',
          appIds: undefined,
          algorithms: ['RS256'],
          tokenTypes: ['JWT'],
          longestLifeInSeconds: 28 * 3600,
        },
        rate: undefined,
        metadata: undefined,
      },
      upstream: {
        graphUrl: 'https://graph.microsoft.com',
        graphVersions: ['v1.0', 'beta'],
        authorityHost: 'https://login.microsoftonline.com',
        auth: 'app',
        credential: { kind: 'clientSecret', clientSecret: secret },
        deadlineInMs: 25_000,
      },
      dangerouslyAllowPlainHttp: false,
    })
  })

  it('has all its problems told at once, each with its variable, and no value', () => {
    const problems = problemsIn({
      ...good,
      AZURE_TENANT_ID: undefined,
      AZURE_CLIENT_SECRET: undefined,
      AUDIT_DIRECTORY: '',
      CALLER_ISSUER: 'no url',
      AZURE_AUTHORITY_HOST: 'http://login.example',
      PORT: '80b',
      AUDIT_DIRECTORI: '/x',
    })

    expect(problems.map(({ variable }) => variable)).toEqual([
      'PORT',
      'CALLER_ISSUER',
      'AZURE_TENANT_ID',
      'AUDIT_DIRECTORY',
      'AZURE_AUTHORITY_HOST',
      'AZURE_CLIENT_SECRET',
      'AUDIT_DIRECTORI',
    ])
    expect(JSON.stringify(problems)).not.toMatch(/no url|80b|hunter2|login\.example/)
  })

  it('has a credential that is wrong told together with a client id that is missing', () => {
    const environment = { ...good, AZURE_CLIENT_SECRET: ' ', AZURE_CLIENT_ID: undefined, UPSTREAM_AUTH: 'nobody' }

    expect(problemsIn(environment).map(({ variable }) => variable)).toEqual([
      'UPSTREAM_AUTH',
      'AZURE_CLIENT_SECRET',
      'AZURE_CLIENT_ID',
    ])
  })

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['UPSTREAM_DEADLINE_MS', '25s'],
    ['UPSTREAM_DEADLINE_MS', '99'],
    ['GRAPH_VERSIONS', 'v1.0,v2.0'],
    ['GRAPH_VERSIONS', 'beta,beta'],
    ['GRAPH_URL', 'https://graph.microsoft.com/v1.0'],
    ['GRAPH_URL', 'https://user:pass@graph.microsoft.com'],
    ['GRAPH_URL', 'ftp://graph.microsoft.com'],
    ['GRAPH_CLOUD', 'germany'],
    ['AZURE_CLIENT_ID', 'my-app'],
    ['AZURE_AUTHORITY_HOST', 'https://login.microsoftonline.com/common'],
    ['LOG_LEVEL', 'loud'],
    ['DANGEROUSLY_ALLOW_PLAIN_HTTP', 'yes'],
    ['AZURE_CLIENT_SECRET', ' '],
    ['AZURE_CLIENT_SECRET', 'secret-of-a-file\n'],
    ['CALLER_SCOPE', 'Geräte.Anlegen'],
    ['CALLER_SCOPE', 'two words'],
    ['CALLER_ROLE', 'a"quote'],
    ['CALLER_ALGORITHMS', 'HS256'],
    ['CALLER_ALGORITHMS', 'none'],
    ['CALLER_ALGORITHMS', 'RS256,HS512'],
    ['CALLER_TOKEN_TYPES', 'jwt'],
    ['CALLER_TOKEN_VERSIONS', '3.0'],
    ['CALLER_TOKEN_LIFETIME_MINUTES', '0'],
    ['CALLER_TENANT_IDS', 'common'],
    ['CALLER_TENANT_IDS', `${tenantId},${tenantId}`],
    ['CALLER_AUDIENCE', 'a,,b'],
    ['CALLER_RATE_LIMIT', '100'],
    ['CALLER_RATE_LIMIT', '0/20s'],
    ['CALLER_RATE_LIMIT', '100/0s'],
    ['CALLER_RATE_LIMIT', '1e2/20s'],
    ['CALLER_GATEWAY_URL', 'https://gateway.example/path'],
    ['CALLER_ISSUER', 'https://issuer.example/a\tb'],
    ['CALLER_ISSUER', 'https://issuer.example/?'],
    ['CALLER_ISSUER', 'https://issuer.example/#'],
    ['CALLER_ISSUER', 'https://@issuer.example/'],
    ['CALLER_ISSUER', 'https:\\\\issuer.example'],
    ['UPSTREAM_AUTH', 'user'],
    ['UPSTREAM_CREDENTIAL', 'password'],
  ])('may not have %s=%s', (variable, value) => {
    expect(problemsIn({ ...good, [variable]: value })).toMatchObject([{ variable }])
  })

  it.each(['CALLER_ISSUER', 'CALLER_GATEWAY_URL', 'GRAPH_URL'])(
    'may have http:// in %s for this machine alone, and only if asked for',
    (variable) => {
      const asked = { ...good, DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true' }

      expect(problemsIn({ ...good, [variable]: 'http://127.0.0.1:8090' })).toMatchObject([{ variable }])
      expect(problemsIn({ ...asked, [variable]: 'http://127.0.0.1:8090' })).toEqual([])
      expect(problemsIn({ ...asked, [variable]: 'http://[::1]:8090' })).toEqual([])
      expect(problemsIn({ ...asked, [variable]: 'http://graph.example.com' })).toMatchObject([{ variable }])
      expect(problemsIn({ ...asked, [variable]: 'http://127.0.0.1.example.com' })).toMatchObject([{ variable }])
    },
  )

  it('may never have http:// where secrets are sent', () => {
    const asked = { DANGEROUSLY_ALLOW_PLAIN_HTTP: 'true', AZURE_AUTHORITY_HOST: 'http://127.0.0.1:8090' }

    expect(problemsIn({ ...good, ...asked })).toMatchObject([{ variable: 'AZURE_AUTHORITY_HOST' }])
  })

  it('may hold what Kubernetes puts there for a service named graph, and what is not ours', () => {
    const links = {
      GRAPH_SERVICE_HOST: '10.0.0.1',
      GRAPH_PORT_80_TCP_ADDR: '10.0.0.1',
      GRAPH_PORT: 'tcp://10.0.0.1:80',
    }

    expect(problemsIn({ ...good, ...links, PATH: '/bin', AZURE_LOG_LEVEL: 'info' })).toEqual([])
  })

  it('is described for each variable by an example that it would take', () => {
    for (const [name, { guidance, ...codec }] of Object.entries(variables)) {
      expect([name, codec.validate(guidance.example, [])._tag]).toEqual([name, 'Right'])
    }
  })
})

describe('whose tokens are taken', () => {
  const issuersOf = (change: Variables) => configOf(change).callers.issuers.map(({ issuer }) => issuer)

  it('is said by tenants and versions', () => {
    expect(
      issuersOf({ CALLER_TENANT_IDS: `${tenantId}, ${otherTenantId.toUpperCase()}`, CALLER_TOKEN_VERSIONS: '1.0,2.0' }),
    ).toEqual([
      `https://sts.windows.net/${tenantId}/`,
      `https://login.microsoftonline.com/${tenantId}/v2.0`,
      `https://sts.windows.net/${otherTenantId}/`,
      `https://login.microsoftonline.com/${otherTenantId}/v2.0`,
    ])
  })

  it('is said of any other provider by its issuer, letter by letter', () => {
    expect(configOf({ CALLER_ISSUER: 'https://issuer.example/Realm/' }).callers.issuers).toEqual([
      { kind: 'openid', issuer: 'https://issuer.example/Realm/', discovery: 'https://issuer.example/Realm/' },
    ])
  })

  it.each([
    ['Entra as any other provider', { CALLER_ISSUER: `https://login.microsoftonline.com/${tenantId}/v2.0` }],
    ['Entra by its old name as any other provider', { CALLER_ISSUER: `https://login.windows.net/${tenantId}/` }],
    [
      'Entra with a dot as any other provider',
      { CALLER_ISSUER: `https://LOGIN.microsoftonline.com./${tenantId}/v2.0` },
    ],
    [
      'Entra External ID as any other provider',
      { CALLER_ISSUER: `https://${tenantId}.ciamlogin.com/${tenantId}/v2.0` },
    ],
    ['Entra of China as any other provider', { CALLER_ISSUER: `https://sts.chinacloudapi.cn/${tenantId}/` }],
  ])('may not be %s, since its rules would not be asked', (_, change) => {
    expect(problemsIn({ ...good, ...change })).toMatchObject([{ variable: 'CALLER_ISSUER' }])
  })

  it('may not be anybody’s', () => {
    const personal = { CALLER_TENANT_IDS: '9188040d-6c67-4c5b-b112-36a304b66dad' }

    expect(problemsIn({ ...good, ...personal })).toMatchObject([{ variable: 'CALLER_TENANT_IDS' }])
  })

  it('may not be v2.0 tokens with an audience that they never have', () => {
    expect(problemsIn({ ...good, CALLER_AUDIENCE: 'api://x' })).toMatchObject([{ variable: 'CALLER_AUDIENCE' }])
    expect(problemsIn({ ...good, CALLER_AUDIENCE: 'api://x', CALLER_TOKEN_VERSIONS: '1.0' })).toEqual([])
    expect(problemsIn({ ...good, CALLER_AUDIENCE: 'api://x', CALLER_ISSUER: 'https://issuer.example' })).toEqual([])
  })

  it('names GUIDs as Entra writes them, and as other providers do', () => {
    const upper = {
      CALLER_AUDIENCE: 'AAAAAAAA-0000-4000-8000-00000000000B',
      CALLER_APP_IDS: 'AAAAAAAA-0000-4000-8000-00000000000C',
    }
    const other = { ...upper, CALLER_ISSUER: 'https://issuer.example' }

    expect(configOf(upper).callers.rules).toMatchObject({
      audiences: [upper.CALLER_AUDIENCE.toLowerCase()],
      appIds: [upper.CALLER_APP_IDS.toLowerCase()],
    })
    expect(configOf(other).callers.rules).toMatchObject({
      audiences: [upper.CALLER_AUDIENCE],
      appIds: [upper.CALLER_APP_IDS],
    })
  })

  it.each([
    ['CALLER_TOKEN_VERSIONS', { CALLER_TOKEN_VERSIONS: '1.0', CALLER_ISSUER: 'https://issuer.example' }],
    ['CALLER_RATE_BY', { CALLER_RATE_BY: 'application' }],
  ])('may not be said where it has no effect, by %s', (variable, change) => {
    expect(problemsIn({ ...good, ...change })).toMatchObject([{ variable }])
  })

  it('may not be both', () => {
    const both = { CALLER_ISSUER: 'https://issuer.example', CALLER_TENANT_IDS: tenantId }

    expect(problemsIn({ ...good, ...both })).toMatchObject([{ variable: 'CALLER_TENANT_IDS' }])
  })

  it.each([
    '00000003-0000-0000-c000-000000000000',
    'https://graph.microsoft.com',
    'https://dod-graph.microsoft.us/',
    'https://GRAPH.microsoft.com',
  ])('may not be Graph’s own: %s', (audience) => {
    expect(problemsIn({ ...good, CALLER_AUDIENCE: `${good.CALLER_AUDIENCE},${audience}` })).toMatchObject([
      { variable: 'CALLER_AUDIENCE' },
    ])
  })

  it('is published where the gateway knows its own URL', () => {
    expect(
      configOf({ CALLER_GATEWAY_URL: 'https://gateway.example', CALLER_AUDIENCE: `api://x/,${good.CALLER_AUDIENCE}` })
        .callers.metadata,
    ).toEqual({
      url: 'https://gateway.example/.well-known/oauth-protected-resource',
      resource: 'https://gateway.example',
      authorizationServers: [`https://login.microsoftonline.com/${tenantId}/v2.0`],
      scopes: ['api://x/DeviceManagementApps.ReadWrite.All'],
    })
  })
})

describe('a cloud', () => {
  it.each([
    ['global', 'https://graph.microsoft.com', 'https://login.microsoftonline.com', 'https://sts.windows.net'],
    ['usgov', 'https://graph.microsoft.us', 'https://login.microsoftonline.us', 'https://sts.windows.net'],
    ['usgov-dod', 'https://dod-graph.microsoft.us', 'https://login.microsoftonline.us', 'https://sts.windows.net'],
    [
      'china',
      'https://microsoftgraph.chinacloudapi.cn',
      'https://login.partner.microsoftonline.cn',
      'https://sts.chinacloudapi.cn',
    ],
  ])('by its name %s sets Graph, the login service and the issuers together', (cloud, graphUrl, authorityHost, sts) => {
    const { callers, upstream } = configOf({ GRAPH_CLOUD: cloud, CALLER_TOKEN_VERSIONS: '1.0,2.0' })

    expect(upstream).toMatchObject({ graphUrl, authorityHost })
    expect(callers.issuers).toMatchObject([
      { issuer: `${sts}/${tenantId}/`, discovery: `${authorityHost}/${tenantId}` },
      { issuer: `${authorityHost}/${tenantId}/v2.0` },
    ])
  })

  it.each([
    ['https://login.chinacloudapi.cn', 'china', 'https://login.partner.microsoftonline.cn'],
    ['https://login.windows.net/', 'global', 'https://login.microsoftonline.com'],
  ])('is known by another name of its login service, %s', (host, cloud, authorityHost) => {
    expect(configOf({ GRAPH_CLOUD: cloud, AZURE_AUTHORITY_HOST: host }).upstream).toMatchObject({ authorityHost })
  })

  it.each([
    ['login service and Graph', { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us' }],
    ['Graph and login service', { GRAPH_URL: 'https://graph.microsoft.us' }],
  ])('may not be two: %s', (_, change) => {
    expect(problemsIn({ ...good, ...change })).toMatchObject([{ variable: 'GRAPH_CLOUD' }])
  })

  it.each(['AZURE_REGIONAL_AUTHORITY_NAME', 'MSAL_FORCE_REGION'])('may not be left behind our back, by %s', (name) => {
    expect(problemsIn({ ...good, [name]: 'westeurope' })).toMatchObject([{ variable: name }])
    expect(problemsIn({ ...good, [name]: '' })).toEqual([])
  })

  it('may have its hosts changed one by one', () => {
    const hosts = { GRAPH_URL: 'https://graph.example', AZURE_AUTHORITY_HOST: 'https://login.example/' }

    expect(configOf({ GRAPH_CLOUD: 'usgov', ...hosts }).upstream).toMatchObject({
      graphUrl: 'https://graph.example',
      authorityHost: 'https://login.example',
    })
  })
})

describe('the gateway’s own credential', () => {
  const without = { AZURE_CLIENT_SECRET: undefined }

  it.each<[string, Variables, object]>([
    ['a secret', {}, { kind: 'clientSecret', clientSecret: secret }],
    [
      'a certificate',
      { ...without, AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem', AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true' },
      { kind: 'certificate', path: '/c.pem', sendChain: true },
    ],
    [
      'a certificate with a password',
      { ...without, AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem', AZURE_CLIENT_CERTIFICATE_PASSWORD: 'p' },
      { kind: 'certificate', path: '/c.pem', sendChain: false, password: 'p' },
    ],
    [
      'a federated token',
      { ...without, AZURE_FEDERATED_TOKEN_FILE: '/t' },
      { kind: 'workloadIdentity', tokenFile: '/t' },
    ],
    ['a managed identity', { ...without, UPSTREAM_CREDENTIAL: 'managed-identity' }, { kind: 'managedIdentity' }],
    [
      'the one that is chosen of several',
      { AZURE_FEDERATED_TOKEN_FILE: '/t', UPSTREAM_CREDENTIAL: 'workload-identity' },
      { kind: 'workloadIdentity', tokenFile: '/t' },
    ],
  ])('is %s', (_, change, credential) => {
    expect(configOf(change).upstream.credential).toEqual(credential)
  })

  it.each<[string, Variables, string]>([
    ['none', without, 'AZURE_CLIENT_SECRET'],
    ['several without a choice', { AZURE_FEDERATED_TOKEN_FILE: '/t' }, 'UPSTREAM_CREDENTIAL'],
    ['a choice that is not there', { UPSTREAM_CREDENTIAL: 'certificate' }, 'AZURE_CLIENT_CERTIFICATE_PATH'],
    ['no client id', { AZURE_CLIENT_ID: undefined }, 'AZURE_CLIENT_ID'],
    [
      'on-behalf-of without a client id',
      {
        ...without,
        AZURE_CLIENT_ID: undefined,
        UPSTREAM_CREDENTIAL: 'managed-identity',
        UPSTREAM_IDENTITY_CLIENT_ID: otherTenantId,
        UPSTREAM_AUTH: 'on-behalf-of',
      },
      'AZURE_CLIENT_ID',
    ],
    [
      'a machine’s own identity on behalf of users',
      {
        ...without,
        UPSTREAM_CREDENTIAL: 'managed-identity',
        UPSTREAM_AUTH: 'by-caller',
        CALLER_AUDIENCE: good.AZURE_CLIENT_ID,
      },
      'UPSTREAM_IDENTITY_CLIENT_ID',
    ],
    ['an identity that is not used', { UPSTREAM_IDENTITY_CLIENT_ID: otherTenantId }, 'UPSTREAM_IDENTITY_CLIENT_ID'],
    [
      'a managed identity beside a federated token',
      { ...without, UPSTREAM_CREDENTIAL: 'managed-identity', AZURE_FEDERATED_TOKEN_FILE: '/t' },
      'AZURE_FEDERATED_TOKEN_FILE',
    ],
    ['on-behalf-of with tokens for another application', { UPSTREAM_AUTH: 'on-behalf-of' }, 'CALLER_AUDIENCE'],
    [
      'on-behalf-of with another provider',
      { UPSTREAM_AUTH: 'on-behalf-of', CALLER_AUDIENCE: good.AZURE_CLIENT_ID, CALLER_ISSUER: 'https://issuer.example' },
      'UPSTREAM_AUTH',
    ],
    [
      'on-behalf-of of strangers alone',
      { UPSTREAM_AUTH: 'by-caller', CALLER_AUDIENCE: good.AZURE_CLIENT_ID, CALLER_TENANT_IDS: otherTenantId },
      'CALLER_TENANT_IDS',
    ],
  ])('may not be %s', (_, change, variable) => {
    expect(problemsIn({ ...good, ...change })).toMatchObject([{ variable }])
  })

  const identity = { ...without, UPSTREAM_CREDENTIAL: 'managed-identity' }

  it.each<[string, Variables, object]>([
    [
      'of a machine needs no client id',
      { AZURE_CLIENT_ID: undefined },
      { clientId: undefined, identityClientId: undefined },
    ],
    ['that is user-assigned has one', {}, { identityClientId: good.AZURE_CLIENT_ID }],
    [
      'that vouches for an application has one beside the application’s',
      {
        UPSTREAM_AUTH: 'on-behalf-of',
        CALLER_AUDIENCE: good.AZURE_CLIENT_ID,
        UPSTREAM_IDENTITY_CLIENT_ID: otherTenantId,
      },
      { clientId: good.AZURE_CLIENT_ID, identityClientId: otherTenantId },
    ],
  ])('%s', (_, change, ids) => {
    expect(configOf({ ...identity, ...change }).upstream).toMatchObject(ids)
  })
})
