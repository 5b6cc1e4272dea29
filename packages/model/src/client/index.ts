export {
  AnswerUnreadableError,
  type ClientOutcome,
  GraphRefusedError,
  readAnswer,
  type ResponseLike,
} from './read-answer.js'
export { DecodeError, decodeOrThrow } from './decode-or-throw.js'
