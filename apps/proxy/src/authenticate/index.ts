export { authenticate, type AuthenticatePorts } from './authenticate.js'
export type { UpstreamPolicy } from './in-whose-name.js'
