import type { ConfigProblem, Together } from './config-problem.js'
import type { Variables } from './variables.js'

/** How the gateway proves to the login service that it is itself. */
export type CredentialConfig =
  | { readonly kind: 'clientSecret'; readonly clientSecret: string }
  | {
      readonly kind: 'certificate'
      readonly path: string
      readonly password?: string
      readonly sendChain: boolean
    }
  | { readonly kind: 'workloadIdentity'; readonly tokenFile: string }
  | { readonly kind: 'managedIdentity' }

type CredentialName = NonNullable<Variables['UPSTREAM_CREDENTIAL']>

/** What each credential but the last needs; the variable being set chooses it, too. */
const variableOf = {
  'client-secret': 'AZURE_CLIENT_SECRET',
  certificate: 'AZURE_CLIENT_CERTIFICATE_PATH',
  'workload-identity': 'AZURE_FEDERATED_TOKEN_FILE',
} as const

const credentialNamed = (name: CredentialName, decoded: Variables): CredentialConfig | undefined => {
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

/** The credential that is chosen; undefined where `credentialTogether` finds that there is none. */
export const credentialOf = (decoded: Variables): CredentialConfig | undefined => {
  const chosen = chosenOf(decoded)
  return chosen === undefined ? undefined : credentialNamed(chosen, decoded)
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

const credentialVariables = ['UPSTREAM_CREDENTIAL', ...Object.values(variableOf)] as const

/** What the settings of the gateway's own credential must be together. */
export const credentialTogether: ReadonlyArray<Together<Variables>> = [
  { reads: credentialVariables, problems: problemsOfCredential },
  { reads: ['AZURE_CLIENT_ID'], problems: problemsOfClientId },
  { reads: [...credentialVariables, 'UPSTREAM_IDENTITY_CLIENT_ID', 'UPSTREAM_AUTH'], problems: problemsOfIdentity },
]
