import type { GraphAnswer } from '../domain/graph-answer.js'
import { parseStrictJson } from '../domain/strict-json.js'

const isJson = (answer: GraphAnswer): boolean =>
  /^application\/json *(?:;|$)/i.test(answer.headers['content-type'] ?? '') &&
  /^(?:identity)?$/i.test(answer.headers['content-encoding'] ?? '')

/** Undefined where it is not strict JSON, or does not say that it is JSON. */
export const jsonOf = (answer: GraphAnswer): unknown => {
  const json = isJson(answer) ? parseStrictJson(answer.text) : undefined
  return json?._tag === 'Json' ? json.value : undefined
}

/** JSON that two readers understand alike, even where it is not as strict as it must be to be passed on. */
export const laxJsonOf = (answer: GraphAnswer): unknown => {
  const json = isJson(answer) ? parseStrictJson(answer.text) : undefined
  if (json?._tag === 'Json') return json.value
  return json?.fault === 'loneSurrogate' || json?.fault === 'tooDeep' ? JSON.parse(answer.text) : undefined
}
