export { type Config, decodeConfig } from './decode-config.js'
export type { TlsConfig } from './tls.js'
