export { type Created, decodeAnswer } from './decode-answer.js'
export { decodeRequest } from './decode-request.js'
