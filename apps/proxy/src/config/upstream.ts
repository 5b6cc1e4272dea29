import { tokenVersionsOf } from './callers.js'
import { authorityAliases, clouds } from './clouds.js'
import type { ConfigProblem, Together } from './config-problem.js'
import { type CredentialConfig, credentialOf, credentialTogether } from './credential.js'
import type { Variables } from './variables.js'

/** How Graph is called, and in whose name. */
export interface UpstreamConfig {
  readonly graphUrl: string
  readonly graphVersions: Variables['GRAPH_VERSIONS']
  readonly authorityHost: string
  readonly tenantId: string
  /** The gateway's own application; undefined where a managed identity calls in its place. */
  readonly clientId: string | undefined
  /** What a managed identity is known by; undefined for the one that a machine has by itself, and for applications. */
  readonly identityClientId: string | undefined
  readonly credential: CredentialConfig
  readonly auth: Variables['UPSTREAM_AUTH']
  readonly deadlineInMs: number
  /** Calls to Graph: so many in so many seconds, and so many at once. */
  readonly pace: Variables['GRAPH_PACE']
  readonly concurrency: number
  /** After so many failures in a row Graph is left alone for a while; 0: never. */
  readonly breakerFailures: number
  readonly drift: Variables['GRAPH_DRIFT']
  /** Through which Graph and the login service are reached; undefined: directly. */
  readonly proxy: { readonly url: string; readonly exceptions: string } | undefined
}

/** On behalf of users only of the tenant whose books are meant, by tokens for the gateway's own application. */
const problemsOfOnBehalfOf = (decoded: Variables): ReadonlyArray<ConfigProblem> => {
  const { AZURE_TENANT_ID, CALLER_ISSUER, CALLER_TENANT_IDS, UPSTREAM_AUTH } = decoded
  if (UPSTREAM_AUTH === 'app') return []
  if (CALLER_ISSUER !== undefined) {
    return [
      {
        variable: 'UPSTREAM_AUTH',
        message: `cannot be ${UPSTREAM_AUTH} with CALLER_ISSUER: Entra ID exchanges its own tokens alone. Set it to app, or leave CALLER_ISSUER unset`,
      },
    ]
  }
  const { AZURE_CLIENT_ID, CALLER_AUDIENCE } = decoded
  return [
    ...((CALLER_TENANT_IDS ?? [AZURE_TENANT_ID]).includes(AZURE_TENANT_ID)
      ? []
      : [
          {
            variable: 'CALLER_TENANT_IDS',
            message: `does not have AZURE_TENANT_ID, so that no user could call with UPSTREAM_AUTH=${UPSTREAM_AUTH}`,
          },
        ]),
    // Of v1.0 tokens the audience may be any URI of the application, so that nothing can be said here.
    ...(AZURE_CLIENT_ID === undefined ||
    !tokenVersionsOf(decoded).includes('2.0') ||
    CALLER_AUDIENCE.some((audience) => audience.toLowerCase() === AZURE_CLIENT_ID)
      ? []
      : [
          {
            variable: 'CALLER_AUDIENCE',
            message: `does not have AZURE_CLIENT_ID, and Entra ID lets the gateway act on behalf of a user only with a token for its own application. Set both to the client id of the gateway’s app registration`,
          },
        ]),
  ]
}

export const authorityHostOf = ({ AZURE_AUTHORITY_HOST: host, GRAPH_CLOUD }: Variables): string =>
  host === undefined ? clouds[GRAPH_CLOUD].authorityHost : (authorityAliases[host] ?? host)

const graphUrlOf = ({ GRAPH_CLOUD, GRAPH_URL }: Variables): string => GRAPH_URL ?? clouds[GRAPH_CLOUD].graphUrl

/** A token of one cloud is nothing in another. */
const problemsOfCloud = (decoded: Variables): ReadonlyArray<ConfigProblem> => {
  const [authorityHost, graphUrl] = [authorityHostOf(decoded), graphUrlOf(decoded)]
  const known = Object.values(clouds)
  const isOneOfOurs =
    known.some((cloud) => cloud.authorityHost === authorityHost) && known.some((cloud) => cloud.graphUrl === graphUrl)
  return !isOneOfOurs || known.some((cloud) => cloud.authorityHost === authorityHost && cloud.graphUrl === graphUrl)
    ? []
    : [
        {
          variable: 'GRAPH_CLOUD',
          message:
            'and AZURE_AUTHORITY_HOST or GRAPH_URL are of different clouds. Set GRAPH_CLOUD to the one that is meant, and leave the other two unset',
        },
      ]
}

/** What the settings of the way to Graph must be together. */
export const upstreamTogether: ReadonlyArray<Together<Variables>> = [
  ...credentialTogether,
  { reads: ['AZURE_AUTHORITY_HOST', 'GRAPH_CLOUD', 'GRAPH_URL'], problems: problemsOfCloud },
  {
    reads: [
      'AZURE_CLIENT_ID',
      'AZURE_TENANT_ID',
      'CALLER_AUDIENCE',
      'CALLER_ISSUER',
      'CALLER_TENANT_IDS',
      'CALLER_TOKEN_VERSIONS',
      'UPSTREAM_AUTH',
    ],
    problems: problemsOfOnBehalfOf,
  },
]

/** Undefined where `upstreamTogether` finds a problem of its credential. */
export const upstreamOf = (decoded: Variables): UpstreamConfig | undefined => {
  const credential = credentialOf(decoded)
  return credential === undefined
    ? undefined
    : {
        graphUrl: graphUrlOf(decoded),
        graphVersions: decoded.GRAPH_VERSIONS,
        authorityHost: authorityHostOf(decoded),
        tenantId: decoded.AZURE_TENANT_ID,
        clientId: decoded.AZURE_CLIENT_ID,
        identityClientId:
          credential.kind === 'managedIdentity'
            ? (decoded.UPSTREAM_IDENTITY_CLIENT_ID ?? decoded.AZURE_CLIENT_ID)
            : undefined,
        credential,
        auth: decoded.UPSTREAM_AUTH,
        deadlineInMs: decoded.UPSTREAM_DEADLINE_MS,
        pace: decoded.GRAPH_PACE,
        concurrency: decoded.GRAPH_CONCURRENCY,
        breakerFailures: decoded.GRAPH_BREAKER_FAILURES,
        drift: decoded.GRAPH_DRIFT,
        proxy:
          decoded.HTTPS_PROXY === undefined
            ? undefined
            : { url: decoded.HTTPS_PROXY, exceptions: decoded.NO_PROXY ?? '' },
      }
}
