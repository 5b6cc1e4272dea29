export type { Secret } from '../audit/index.js'
