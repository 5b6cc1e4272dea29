export { authenticate, type AuthenticatePorts, provedCaller, type ProofPorts } from './authenticate.js'
export type { UpstreamPolicy } from './in-whose-name.js'
