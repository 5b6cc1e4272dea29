export { authenticate, type AuthenticatePorts } from './authenticate.js'
