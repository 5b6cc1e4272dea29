export { arrive, type ArrivePorts, bodyLimitInBytes } from './arrive.js'
