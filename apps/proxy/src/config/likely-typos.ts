import type { ConfigProblem, Environment } from './config-problem.js'

/** The beginnings of names that are ours; AZURE_ is shared with other software, so strangers are expected there. */
const ours = /^(?:ADMIN|AUDIT|CALLER|GRAPH|SHUTDOWN|UPSTREAM|DANGEROUSLY)_/

// Kubernetes sets such variables in every container for each service of the namespace, one named "graph" included.
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/

/** Variables that begin like ours and are none of them: most likely misspelt, and then silently without effect. */
export const likelyTypos = (environment: Environment, known: ReadonlyArray<string>): ReadonlyArray<ConfigProblem> =>
  Object.keys(environment)
    .filter((name) => ours.test(name) && !serviceLink.test(name) && !known.includes(name))
    .map((variable) => ({ variable, message: `is not a setting of the proxy. Known are ${known.join(', ')}` }))
