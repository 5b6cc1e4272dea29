export { Pool } from './arbitrary/imports-undici.js'
