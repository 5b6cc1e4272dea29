export { forward, type Forwarded, type ForwardPorts, type UpstreamTokens } from './forward.js'
