export type { B } from './b.js'
export type A = string
