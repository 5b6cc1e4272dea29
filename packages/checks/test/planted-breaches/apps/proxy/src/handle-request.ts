export { thing } from './http/express-thing.js'
