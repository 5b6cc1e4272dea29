export { forward, type Forwarded, type ForwardPorts } from './forward.js'
