export { forward, type Forwarded, type ForwardPorts } from './forward.js'
export { wouldBeSent, type WouldBeSentPorts } from './would-be-sent.js'
