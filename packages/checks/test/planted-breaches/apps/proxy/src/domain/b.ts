export type { A } from './a.js'
export type B = string
