export { thing } from '../audit/sqlite-thing.js'
