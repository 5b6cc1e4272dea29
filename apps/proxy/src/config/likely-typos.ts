import type { ConfigProblem, Environment } from './config-problem.js'

/** The beginnings of names that are ours; AZURE_ is shared with other software, so strangers are expected there. */
const ours = /^(?:ADMIN|AUDIT|CALLER|GRAPH|SHUTDOWN|TLS|UPSTREAM|DANGEROUSLY)_/

// Kubernetes sets such variables in every container for each service of the namespace, one named "graph" included.
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/

const familyOf = (name: string): string => name.slice(0, name.indexOf('_') + 1)

const messageFor = (name: string, known: ReadonlyArray<string>): string => {
  const relatives = known.filter((other) => other.startsWith(familyOf(name)))
  return `is not a setting of the proxy. Those that begin with ${familyOf(name)} are: ${relatives.join(', ')}`
}

/** Variables that begin like ours and are none of them: most likely misspelt, and then silently without effect. */
export const likelyTypos = (environment: Environment, known: ReadonlyArray<string>): ReadonlyArray<ConfigProblem> =>
  Object.keys(environment)
    .filter((name) => ours.test(name) && !serviceLink.test(name) && !known.includes(name))
    .map((variable) => ({ variable, message: messageFor(variable, known) }))

interface Misleading {
  readonly isHarmless: (value: string) => boolean
  readonly message: string
}

const toAnotherHost: Misleading = {
  isHarmless: (value) => value === '',
  message:
    'is set, and Microsoft’s library would ask another host for tokens, which the gateway does not let it. Unset it',
}

/** Read behind our back, by libraries or by Node. */
const misleading: Readonly<Record<string, Misleading>> = {
  AZURE_REGIONAL_AUTHORITY_NAME: toAnotherHost,
  MSAL_FORCE_REGION: toAnotherHost,
  NODE_TLS_REJECT_UNAUTHORIZED: {
    isHarmless: (value) => value !== '0',
    message:
      'is 0, which is to say that any certificate is good. The gateway checks them all the same. Unset it, and name a private authority in NODE_EXTRA_CA_CERTS',
  },
}

export const misleadingVariables = (environment: Environment): ReadonlyArray<ConfigProblem> =>
  Object.entries(misleading)
    .filter(([variable, { isHarmless }]) => !isHarmless(environment[variable] ?? ''))
    .map(([variable, { message }]) => ({ variable, message }))
