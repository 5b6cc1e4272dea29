import { describe, expect, it } from 'vitest'
import { configOf, good, otherTenantId, problemsIn, tenantId, type Variables } from '../../test/an-environment.js'

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

  it.each([['CALLER_TOKEN_VERSIONS', { CALLER_TOKEN_VERSIONS: '1.0', CALLER_ISSUER: 'https://issuer.example' }]])(
    'may not be said where it has no effect, by %s',
    (variable, change) => {
      expect(problemsIn({ ...good, ...change })).toMatchObject([{ variable }])
    },
  )

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

describe('the proxies whose X-Forwarded-For is read', () => {
  it('are none by default', () => {
    expect(configOf().callers.trustedProxies).toBeUndefined()
  })

  it('are said by addresses and ranges of both families', () => {
    expect(
      configOf({ CALLER_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,2001:db8::/32,::1' }).callers.trustedProxies,
    ).toEqual(['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '::1/128'])
  })

  it('may be misspelt no more than anything else', () => {
    expect(problemsIn({ ...good, CALLER_TRUSTED_PROXY: '10.0.0.1' })).toMatchObject([
      { variable: 'CALLER_TRUSTED_PROXY' },
    ])
  })
})
