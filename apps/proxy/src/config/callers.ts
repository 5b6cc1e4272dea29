import { clouds, graphAudiences } from './clouds.js'
import type { Together } from './config-problem.js'
import { guid } from './variable.js'
import type { Variables } from './variables.js'

/** Who may issue callers' tokens. */
export type IssuerConfig =
  | { readonly kind: 'openid'; readonly issuer: string; readonly discovery: string }
  | {
      readonly kind: 'entra'
      readonly issuer: string
      readonly discovery: string
      readonly tenantId: string
      readonly version: '1.0' | '2.0'
      readonly keyIssuer: string
    }

/**
 * Whose tokens are taken, and what is asked of them. The shapes are those of `authenticate/`, which a leaf cannot import;
 * `start-proxy.ts` hands the one to the other, so that the compiler holds them together.
 */
export interface CallersConfig {
  readonly issuers: ReadonlyArray<IssuerConfig>
  readonly rules: {
    readonly audiences: ReadonlyArray<string>
    readonly graphAudiences: ReadonlyArray<string>
    readonly scope: string
    readonly role: string
    readonly appIds: ReadonlyArray<string> | undefined
    readonly algorithms: ReadonlyArray<string>
    readonly tokenTypes: ReadonlyArray<string>
    readonly longestLifeInSeconds: number
  }
  /** Who counts as one where calls are counted, and where they wait for Graph. */
  readonly countedBy: Variables['CALLER_RATE_BY']
  readonly rateLimit: Variables['CALLER_RATE_LIMIT']
  /** From which peers it is believed what they say of the address of a caller, as CIDR; undefined: from none. */
  readonly trustedProxies: ReadonlyArray<string> | undefined
  /** What is published of all this, RFC 9728; undefined where the gateway's own URL is not known. */
  readonly metadata:
    | {
        readonly url: string
        readonly resource: string
        readonly authorizationServers: ReadonlyArray<string>
        readonly scopes: ReadonlyArray<string>
      }
    | undefined
}

/** Which of Entra's tokens are taken. */
export const tokenVersionsOf = ({
  CALLER_TOKEN_VERSIONS: versions = ['2.0'],
}: Variables): ReadonlyArray<'1.0' | '2.0'> => versions

const issuersOfTenant = (decoded: Variables, authorityHost: string, tenantId: string): ReadonlyArray<IssuerConfig> => {
  const { v1IssuerHost } = clouds[decoded.GRAPH_CLOUD]
  const v2 = `${authorityHost}/${tenantId}/v2.0`
  return tokenVersionsOf(decoded).map((version) => ({
    kind: 'entra',
    issuer: version === '2.0' ? v2 : `${v1IssuerHost}/${tenantId}/`,
    discovery: version === '2.0' ? v2 : `${authorityHost}/${tenantId}`,
    tenantId,
    version,
    keyIssuer: v2,
  }))
}

const tenantIdsOf = ({ AZURE_TENANT_ID, CALLER_TENANT_IDS }: Variables): ReadonlyArray<string> =>
  CALLER_TENANT_IDS ?? [AZURE_TENANT_ID]

/** A scope as a client asks for it: Entra wants to know of which API it is. */
const scopeToAskFor = ({ CALLER_AUDIENCE: [audience = ''], CALLER_ISSUER, CALLER_SCOPE }: Variables): string =>
  CALLER_ISSUER === undefined ? `${audience.replace(/\/$/, '')}/${CALLER_SCOPE}` : CALLER_SCOPE

const metadataOf = (decoded: Variables, authorityHost: string): CallersConfig['metadata'] => {
  const { CALLER_GATEWAY_URL: resource, CALLER_ISSUER: issuer } = decoded
  if (resource === undefined) return undefined
  return {
    url: `${resource}/.well-known/oauth-protected-resource`,
    resource,
    authorizationServers:
      issuer === undefined ? tenantIdsOf(decoded).map((tenantId) => `${authorityHost}/${tenantId}/v2.0`) : [issuer],
    scopes: [scopeToAskFor(decoded)],
  }
}

/** Entra writes GUIDs in lower case, however they were typed here; other providers mean what they write. */
const asIssued = ({ CALLER_ISSUER }: Variables, ids: ReadonlyArray<string>): ReadonlyArray<string> =>
  CALLER_ISSUER === undefined ? ids.map((id) => (guid.is(id) ? id.toLowerCase() : id)) : ids

export const callersOf = (decoded: Variables, authorityHost: string): CallersConfig => ({
  issuers:
    decoded.CALLER_ISSUER === undefined
      ? tenantIdsOf(decoded).flatMap((tenantId) => issuersOfTenant(decoded, authorityHost, tenantId))
      : [{ kind: 'openid', issuer: decoded.CALLER_ISSUER, discovery: decoded.CALLER_ISSUER }],
  rules: {
    audiences: asIssued(decoded, decoded.CALLER_AUDIENCE),
    graphAudiences,
    scope: decoded.CALLER_SCOPE,
    role: decoded.CALLER_ROLE,
    appIds: decoded.CALLER_APP_IDS && asIssued(decoded, decoded.CALLER_APP_IDS),
    algorithms: decoded.CALLER_ALGORITHMS,
    // RFC 9068 §4: either way of writing it.
    tokenTypes: decoded.CALLER_TOKEN_TYPES.flatMap((type) =>
      type === 'at+jwt' ? ['at+jwt', 'application/at+jwt'] : [type],
    ),
    longestLifeInSeconds: decoded.CALLER_TOKEN_LIFETIME_MINUTES * 60,
  },
  countedBy: decoded.CALLER_RATE_BY,
  rateLimit: decoded.CALLER_RATE_LIMIT,
  trustedProxies: decoded.CALLER_TRUSTED_PROXIES,
  metadata: metadataOf(decoded, authorityHost),
})

// Their tokens are Entra's, whatever they are called; a dot may stand after a host's name.
const entraHosts =
  /(?:^|\.)(?:microsoftonline\.(?:com|us|de|mil|cn)|chinacloudapi\.cn|windows\.net|login\.microsoft\.com|ciamlogin\.com|sovcloud-identity\.\w+)\.?$/

const personalAccounts = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** What the settings of callers must be together. */
export const callersTogether: ReadonlyArray<Together<Variables>> = [
  {
    reads: ['CALLER_ISSUER', 'CALLER_TENANT_IDS'],
    problems: ({ CALLER_ISSUER: issuer, CALLER_TENANT_IDS: tenantIds }) => {
      if (issuer === undefined) return []
      if (entraHosts.test(new URL(issuer).hostname)) {
        return [
          {
            variable: 'CALLER_ISSUER',
            message:
              'names Entra ID, whose tokens have rules of their own. Leave it unset; whose tokens are taken is said by CALLER_TENANT_IDS (the tenants) and CALLER_TOKEN_VERSIONS',
          },
        ]
      }
      return tenantIds === undefined
        ? []
        : [
            {
              variable: 'CALLER_TENANT_IDS',
              message: 'is for Entra ID, and CALLER_ISSUER for any other issuer. Set one of the two',
            },
          ]
    },
  },
  {
    reads: ['CALLER_AUDIENCE'],
    problems: ({ CALLER_AUDIENCE: audiences }) =>
      audiences.some((audience) => graphAudiences.includes(audience.toLowerCase()))
        ? [
            {
              variable: 'CALLER_AUDIENCE',
              message:
                'is Graph’s own audience, and nobody but Graph can check tokens for Graph. Set the client id of the gateway’s app registration',
            },
          ]
        : [],
  },
  {
    reads: ['CALLER_TENANT_IDS'],
    problems: ({ CALLER_TENANT_IDS: tenantIds }) =>
      tenantIds?.includes(personalAccounts) === true
        ? [
            {
              variable: 'CALLER_TENANT_IDS',
              message: 'has the tenant of all personal accounts, in which anyone can have an account. Leave it out',
            },
          ]
        : [],
  },
  {
    reads: ['CALLER_AUDIENCE', 'CALLER_ISSUER', 'CALLER_TOKEN_VERSIONS'],
    problems: (decoded) =>
      decoded.CALLER_ISSUER !== undefined ||
      tokenVersionsOf(decoded).includes('1.0') ||
      decoded.CALLER_AUDIENCE.some((audience) => guid.is(audience))
        ? []
        : [
            {
              variable: 'CALLER_AUDIENCE',
              message:
                'has no client id (GUID), which is the audience of every v2.0 token of Entra ID. Set it to the client id of the gateway’s app registration; application ID URIs are for CALLER_TOKEN_VERSIONS=1.0',
            },
          ],
  },
  {
    reads: ['CALLER_ISSUER', 'CALLER_TOKEN_VERSIONS'],
    problems: ({ CALLER_ISSUER: issuer, CALLER_TOKEN_VERSIONS: versions }) =>
      issuer !== undefined && versions !== undefined
        ? [
            {
              variable: 'CALLER_TOKEN_VERSIONS',
              message: 'is of Entra ID’s tokens, and has no effect with CALLER_ISSUER. Leave it unset',
            },
          ]
        : [],
  },
]
