import { authorityAliases, clouds } from './clouds.js'
import type { ConfigProblem, Together } from './config-problem.js'
import type { Variables } from './variables.js'

/** How the gateway proves to the login service that it is itself. */
type CredentialConfig =
  | { readonly kind: 'clientSecret'; readonly clientSecret: string }
  | {
      readonly kind: 'certificate'
      readonly path: string
      readonly password?: string
      readonly sendChain: boolean
    }
  | { readonly kind: 'workloadIdentity'; readonly tokenFile: string }
  | { readonly kind: 'managedIdentity' }

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
}

type CredentialName = NonNullable<Variables['UPSTREAM_CREDENTIAL']>

/** What each credential but the last needs; the variable being set chooses it, too. */
const variableOf = {
  'client-secret': 'AZURE_CLIENT_SECRET',
  certificate: 'AZURE_CLIENT_CERTIFICATE_PATH',
  'workload-identity': 'AZURE_FEDERATED_TOKEN_FILE',
} as const

const credentialOf = (name: CredentialName, decoded: Variables): CredentialConfig | undefined => {
  switch (name) {
    case 'client-secret': {
      const clientSecret = decoded.AZURE_CLIENT_SECRET
      return clientSecret === undefined ? undefined : { kind: 'clientSecret', clientSecret }
    }
    case 'certificate': {
      const path = decoded.AZURE_CLIENT_CERTIFICATE_PATH
      const password = decoded.AZURE_CLIENT_CERTIFICATE_PASSWORD
      return path === undefined
        ? undefined
        : {
            kind: 'certificate',
            path,
            sendChain: decoded.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN,
            ...(password === undefined ? {} : { password }),
          }
    }
    case 'workload-identity': {
      const tokenFile = decoded.AZURE_FEDERATED_TOKEN_FILE
      return tokenFile === undefined ? undefined : { kind: 'workloadIdentity', tokenFile }
    }
    case 'managed-identity':
      return { kind: 'managedIdentity' }
  }
}

const namesSet = (decoded: Variables): ReadonlyArray<keyof typeof variableOf> =>
  (['client-secret', 'certificate', 'workload-identity'] as const).filter(
    (name) => decoded[variableOf[name]] !== undefined,
  )

const chosenOf = (decoded: Variables): CredentialName | undefined => {
  const set = namesSet(decoded)
  return decoded.UPSTREAM_CREDENTIAL ?? (set.length === 1 ? set[0] : undefined)
}

const problemsOfCredential = (decoded: Variables): ReadonlyArray<ConfigProblem> => {
  const set = namesSet(decoded)
  const chosen = chosenOf(decoded)
  if (chosen === undefined) {
    const every = Object.values(variableOf)
    return set.length === 0
      ? [
          {
            variable: 'AZURE_CLIENT_SECRET',
            message: `is not set, nor is another credential. Set one of ${every.join(', ')}, or UPSTREAM_CREDENTIAL=managed-identity`,
          },
        ]
      : [
          {
            variable: 'UPSTREAM_CREDENTIAL',
            message: `is not set, and there are several credentials (${set.map((name) => variableOf[name]).join(', ')}). Set it to the one that is meant: ${set.join(', ')}`,
          },
        ]
  }
  if (chosen === 'managed-identity') {
    // Seen in @azure/identity 4.14: it would then send the file's token, by means that are not ours.
    return decoded.AZURE_FEDERATED_TOKEN_FILE === undefined
      ? []
      : [
          {
            variable: 'AZURE_FEDERATED_TOKEN_FILE',
            message:
              'is set, and would be used in place of the managed identity. Leave it unset, or set UPSTREAM_CREDENTIAL=workload-identity',
          },
        ]
  }
  if (set.includes(chosen)) return []
  return [{ variable: variableOf[chosen], message: `is not set, and UPSTREAM_CREDENTIAL=${chosen} needs it` }]
}

const problemsOfClientId = ({
  AZURE_CLIENT_ID,
  UPSTREAM_AUTH,
  UPSTREAM_CREDENTIAL,
}: Variables): ReadonlyArray<ConfigProblem> => {
  if (AZURE_CLIENT_ID !== undefined || (UPSTREAM_AUTH === 'app' && UPSTREAM_CREDENTIAL === 'managed-identity'))
    return []
  return [
    {
      variable: 'AZURE_CLIENT_ID',
      message:
        'is not set. Set it to the client id (GUID) of the gateway’s own application; for example: 00000000-0000-4000-8000-000000000003',
    },
  ]
}

const problemsOfIdentity = (decoded: Variables): ReadonlyArray<ConfigProblem> => {
  const isUsed = chosenOf(decoded) === 'managed-identity'
  const isSet = decoded.UPSTREAM_IDENTITY_CLIENT_ID !== undefined
  if (isSet && !isUsed) {
    return [
      {
        variable: 'UPSTREAM_IDENTITY_CLIENT_ID',
        message: 'is set, and has no effect without UPSTREAM_CREDENTIAL=managed-identity. Leave it unset',
      },
    ]
  }
  // Entra, "Configure an application to trust a managed identity": system-assigned ones cannot vouch for an application.
  return isUsed && !isSet && decoded.UPSTREAM_AUTH !== 'app'
    ? [
        {
          variable: 'UPSTREAM_IDENTITY_CLIENT_ID',
          message: `is not set. With UPSTREAM_AUTH=${decoded.UPSTREAM_AUTH} a user-assigned managed identity vouches for the gateway’s application: set it to that identity’s client id`,
        },
      ]
    : []
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
  const { AZURE_CLIENT_ID, CALLER_AUDIENCE, CALLER_TOKEN_VERSIONS } = decoded
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
    !CALLER_TOKEN_VERSIONS.includes('2.0') ||
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
          message: `and AZURE_AUTHORITY_HOST or GRAPH_URL are of different clouds (${authorityHost}, ${graphUrl}). Set GRAPH_CLOUD to the one that is meant`,
        },
      ]
}

const credentialVariables = ['UPSTREAM_CREDENTIAL', ...Object.values(variableOf)] as const

/** What the settings of the way to Graph must be together. */
export const upstreamTogether: ReadonlyArray<Together<Variables>> = [
  { reads: credentialVariables, problems: problemsOfCredential },
  { reads: ['AZURE_CLIENT_ID'], problems: problemsOfClientId },
  { reads: [...credentialVariables, 'UPSTREAM_IDENTITY_CLIENT_ID', 'UPSTREAM_AUTH'], problems: problemsOfIdentity },
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
  const chosen = chosenOf(decoded)
  const credential = chosen === undefined ? undefined : credentialOf(chosen, decoded)
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
      }
}
