import { describe, expect, it } from 'vitest'
import { decodeConfig } from './decode-config.js'
import { variables } from './variables.js'

const secret = 'hunter2-hunter2'
const good = {
  CALLER_ISSUER: 'https://login.microsoftonline.com/00000000-0000-4000-8000-000000000001/v2.0',
  CALLER_AUDIENCE: '00000000-0000-4000-8000-000000000002',
  AZURE_TENANT_ID: '00000000-0000-4000-8000-000000000001',
  AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
  AZURE_CLIENT_SECRET: secret,
  AUDIT_DIRECTORY: '/var/lib/audit',
}

const problemsIn = (environment: Readonly<Record<string, string | undefined>>) => {
  const decoded = decodeConfig(environment)
  return decoded._tag === 'Left' ? decoded.left : []
}

describe('the environment', () => {
  it('needs six variables, and the rest has safe defaults', () => {
    expect(decodeConfig(good)).toMatchObject({
      _tag: 'Right',
      right: {
        listen: { host: '0.0.0.0', port: 8080 },
        callers: { permission: 'DeviceManagementApps.ReadWrite.All', tenantId: good.AZURE_TENANT_ID },
        upstream: {
          graphUrl: 'https://graph.microsoft.com',
          graphVersions: ['v1.0', 'beta'],
          tokenEndpoint: `https://login.microsoftonline.com/${good.AZURE_TENANT_ID}/oauth2/v2.0/token`,
          deadlineInMs: 25_000,
        },
        dangerouslyAllowPlainHttp: false,
      },
    })
  })

  it('has all its problems told at once, each with its variable, and no value', () => {
    const problems = problemsIn({
      ...good,
      AZURE_TENANT_ID: undefined,
      AUDIT_DIRECTORY: '',
      CALLER_ISSUER: 'no url',
      PORT: '80b',
      AUDIT_DIRECTORI: '/x',
    })

    expect(problems.map(({ variable }) => variable)).toEqual([
      'PORT',
      'CALLER_ISSUER',
      'AZURE_TENANT_ID',
      'AUDIT_DIRECTORY',
      'AUDIT_DIRECTORI',
    ])
    expect(JSON.stringify(problems)).not.toMatch(/no url|80b|hunter2/)
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
    ['AZURE_CLIENT_ID', 'my-app'],
    ['LOG_LEVEL', 'loud'],
    ['DANGEROUSLY_ALLOW_PLAIN_HTTP', 'yes'],
    ['AZURE_CLIENT_SECRET', ' '],
    ['AZURE_CLIENT_SECRET', 'secret-of-a-file\n'],
    ['CALLER_PERMISSION', 'Geräte.Anlegen'],
    ['CALLER_PERMISSION', 'two words'],
    ['CALLER_PERMISSION', 'a"quote'],
  ])('may not have %s=%s', (variable, value) => {
    expect(problemsIn({ ...good, [variable]: value })).toMatchObject([{ variable }])
  })

  it.each(['CALLER_ISSUER', 'AZURE_AUTHORITY_HOST', 'GRAPH_URL'])(
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
