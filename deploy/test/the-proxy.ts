import { fileAt } from './the-metrics.js'

/** Names in the first column of the tables of docs/configuration.md, which is held against the proxy itself. */
export const variablesOfProxy: ReadonlySet<string> = new Set(
  fileAt('docs/configuration.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, name = '']) => name)),
)

/** What is answered on the admin port, by its source. */
export const pathsOfAdminPort: ReadonlySet<string> = new Set(
  [...fileAt('apps/proxy/src/http/express-admin-listener.ts').matchAll(/app\.get\('(\/[^']*)'/g)].map(
    ([, path = '']) => path,
  ),
)

/** After SIGTERM: the delay, the grace, and what comes after: 3 s for replies, 2 s for figures and traces, 5 s for the ledger. */
export const secondsToStop = (environment: Readonly<Record<string, string>>): number =>
  (Number(environment['SHUTDOWN_DELAY_MS']) + Number(environment['SHUTDOWN_GRACE_MS'])) / 1000 + 10
