export { type Config, decodeConfig } from './decode-config.js'
