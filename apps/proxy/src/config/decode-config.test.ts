import { describe, expect, it } from 'vitest'
import { configOf, good, problemsIn, secret, tenantId } from '../../test/an-environment.js'
import { variables } from './variables.js'

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
        countedBy: 'caller',
        rateLimit: undefined,
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
      AUDIT_DIRECTORY: undefined,
      CALLER_ISSUER: 'no url',
      AZURE_AUTHORITY_HOST: 'http://login.example',
      PORT: '80b',
      AUDIT_DIRECTORI: '/x',
    })

    expect(problems.map(({ variable }) => variable)).toEqual([
      'PORT',
      'CALLER_ISSUER',
      'AZURE_TENANT_ID',
      'AZURE_AUTHORITY_HOST',
      'AUDIT_DIRECTORY',
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
    ['CALLER_TRUSTED_PROXIES', 'proxy.example'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['CALLER_TRUSTED_PROXIES', '0.0.0.0/0'],
    ['CALLER_TRUSTED_PROXIES', '::/0'],
    ['CALLER_TRUSTED_PROXIES', '2001:db8::/129'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.0/'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.0/+8'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.0/255.0.0.0'],
    ['CALLER_TRUSTED_PROXIES', '::ffff:10.0.0.0/104'],
    ['CALLER_TRUSTED_PROXIES', 'fe80::1%eth0'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.1,,10.0.0.2'],
    ['CALLER_TRUSTED_PROXIES', '10.0.0.1,10.0.0.1/32'],
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
