import { fileURLToPath } from 'node:url'

const index = import.meta.resolve('@device-install-state/proxy')

/** The programs of the proxy's package, as its `bin` has them. */
export const proxyPrograms = {
  main: fileURLToPath(new URL('main.js', index)),
  audit: fileURLToPath(new URL('cli/audit.js', index)),
} as const
