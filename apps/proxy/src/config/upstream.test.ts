import { describe, expect, it } from 'vitest'
import {
  configOf,
  good,
  otherTenantId,
  problemsIn,
  secret,
  tenantId,
  type Variables,
} from '../../test/an-environment.js'

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

  it('may not be left unproved behind our back, by NODE_TLS_REJECT_UNAUTHORIZED', () => {
    const name = 'NODE_TLS_REJECT_UNAUTHORIZED'

    expect(problemsIn({ ...good, [name]: '0' })).toMatchObject([{ variable: name }])
    expect(problemsIn({ ...good, [name]: '1' })).toEqual([])
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

describe('the proxy on the way to Graph', () => {
  const url = 'http://an%40user:pass%3Aw%C3%B6rd@proxy.example.com:3128'

  it('is known by either spelling of its variables, the lower case first, with what is excepted', () => {
    expect(configOf({ HTTPS_PROXY: url }).upstream.proxy).toEqual({ url, exceptions: '' })
    expect(configOf({ https_proxy: url, HTTPS_PROXY: 'https://other.example', no_proxy: '.a' }).upstream.proxy).toEqual(
      {
        url,
        exceptions: '.a',
      },
    )
    expect(configOf({ NO_PROXY: '*' }).upstream.proxy).toBeUndefined()
  })

  it.each([
    'proxy.example.com:3128',
    'socks5://proxy.example.com',
    'http://proxy.example.com/path',
    'http://a%3Ab:pass@proxy.example.com',
    'http://user:%zz@proxy.example.com',
    'http://user:a%0D%0Ab@proxy.example.com',
    'http://',
  ])('is not %s', (HTTPS_PROXY) => {
    const problems = problemsIn({ ...good, HTTPS_PROXY })

    expect(problems).toMatchObject([{ variable: 'HTTPS_PROXY' }])
    expect(JSON.stringify(problems)).not.toContain('pass@')
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
