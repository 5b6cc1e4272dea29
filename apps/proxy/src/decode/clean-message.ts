import * as t from 'io-ts'
import { parseStrictJson } from '../domain/strict-json.js'

const longest = 500

const IntuneMessage = t.type({ Message: t.string })

// Intune ends its sentence with these; they name its hosts, and sometimes the tenant.
const trailer = /\s*-\s*(?:Operation ID|Activity ID|Url|CustomApiErrorPhrase)\b.*$/is

const address =
  /\bhttps?:\/\/\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:microsoft|microsoftonline|windows)\.(?:com|net|us|cn)\b\S*/gi

/**
 * The sentence for people in a Graph error message: out of the JSON text that Intune puts there, without operation id,
 * activity id and URL, on one line, at most 500 characters. Undefined when nothing is left.
 */
export const cleanMessage = (message: string): string | undefined => {
  const json = parseStrictJson(message)
  const sentence = json._tag === 'Json' && IntuneMessage.is(json.value) ? json.value.Message : message
  const cleaned = sentence
    .replace(trailer, '')
    .replaceAll(address, '…')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return cleaned === '' ? undefined : cleaned.slice(0, longest).toWellFormed()
}
