import { fieldClasses } from '@device-install-state/model'
import * as t from 'io-ts'
import { parseStrictJson } from '../domain/strict-json.js'

const longest = 500
// More is not looked at: what is quoted is searched for from every quote on.
const longestLookedAt = 8_192

const IntuneMessage = t.type({ Message: t.string })

// Intune ends its sentence with these; they name its hosts, and sometimes the tenant.
const trailer = /[\s;,-]*\b(?:Operation ID(?: \([^)]*\))?|Activity ID|Url|CustomApiErrorPhrase):.*$/is

const address = /\b[a-z][a-z0-9+.-]*:\/\/\S+|\S+@\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|us|cn|de|ms)\b\S*/gi

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)

/** A value as it may be printed in a message: as it is, with OData's doubled quotes, as in JSON, as in a URL. */
const spellingsOf = (value: string): ReadonlyArray<string> => [
  value,
  value.replaceAll("'", "''"),
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value),
]

// A value of one or two letters would be part of words; it is hidden where it is quoted, below.
const hide = (sentence: string, value: string): string =>
  value.length <= 2 ? sentence : sentence.replaceAll(new RegExp(spellingsOf(value).map(literal).join('|'), 'gi'), '…')

const quoted = /(?<![\p{L}\p{N}])(['"])(.+?)\1(?![\p{L}\p{N}])/gu

/** Names that Graph quotes and that tell nothing of anyone: of types, and of the properties we know. */
const isName = (text: string): boolean =>
  /^#?(?:microsoft|Edm)\.[\w.]+$/.test(text) || Object.hasOwn(fieldClasses, text)

const keepNamesAlone = (sentence: string): string =>
  sentence.replaceAll(quoted, (whole, quote: string, text: string) => (isName(text) ? whole : `${quote}…${quote}`))

const sentenceIn = (message: string): string => {
  const json = parseStrictJson(message)
  const sentence = json._tag === 'Json' && IntuneMessage.is(json.value) ? json.value.Message : message
  return sentence.slice(0, longestLookedAt)
}

/**
 * The sentence for people in a Graph error message: out of the JSON text that Intune puts there, without operation id,
 * activity id, hosts and mail addresses, on one line, at most 500 characters, and without the values that were sent:
 * what is quoted is hidden unless it is the name of a type or property, and the values wherever they stand whole.
 * A value that Graph cuts short and does not quote is not recognised. Undefined when nothing is left.
 */
export const cleanMessage = (message: string, hiddenValues: ReadonlyArray<string>): string | undefined => {
  const sentence = hiddenValues.toSorted((a, b) => b.length - a.length).reduce(hide, sentenceIn(message))
  const cleaned = keepNamesAlone(sentence.replace(trailer, '').replaceAll(address, '…'))
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return cleaned === '' ? undefined : cleaned.slice(0, longest).toWellFormed()
}
