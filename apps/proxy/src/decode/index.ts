export { type Created, decodeAnswer, type DriftPolicy } from './decode-answer.js'
export { decodeRequest } from './decode-request.js'
