export type { ConfigProblem, Environment } from './config-problem.js'
export type { Config } from './decode-config.js'
export { decodeConfig } from './node-decode-config.js'
export type { TlsConfig } from './tls.js'
