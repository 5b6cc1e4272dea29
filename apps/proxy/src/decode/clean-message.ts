import * as t from 'io-ts'
import { parseStrictJson } from '../domain/strict-json.js'

const longest = 500

const IntuneMessage = t.type({ Message: t.string })

// Intune ends its sentence with these; they name its hosts, and sometimes the tenant.
const trailer = /\s*-\s*(?:Operation ID|Activity ID|Url|CustomApiErrorPhrase)\b.*$/is

const address =
  /\bhttps?:\/\/\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:microsoft|microsoftonline|windows)\.(?:com|net|us|cn)\b\S*/gi

// Graph's reader quotes what it stumbled over. A value of one or two letters is hidden in quotes alone: anywhere else it
// would be part of words.
const hide = (sentence: string, value: string): string => {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  return sentence.replaceAll(new RegExp(value.length > 2 ? literal : `(?<=['"])${literal}(?=['"])`, 'gi'), '…')
}

/**
 * The sentence for people in a Graph error message: out of the JSON text that Intune puts there, without operation id,
 * activity id and URL, on one line, at most 500 characters, and without the values that were sent. Undefined when nothing
 * is left.
 */
export const cleanMessage = (message: string, hiddenValues: ReadonlyArray<string> = []): string | undefined => {
  const json = parseStrictJson(message)
  const sentence = json._tag === 'Json' && IntuneMessage.is(json.value) ? json.value.Message : message
  const cleaned = hiddenValues
    .toSorted((a, b) => b.length - a.length)
    .reduce(hide, sentence)
    .replace(trailer, '')
    .replaceAll(address, '…')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return cleaned === '' ? undefined : cleaned.slice(0, longest).toWellFormed()
}
