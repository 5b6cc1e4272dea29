import { deviceInstallStateFields } from '@device-install-state/model/fields'
import * as t from 'io-ts'
import { parseStrictJson } from '../domain/strict-json.js'

const longestTold = 500
const longestOnRecord = 1_000
// Values are looked for in so much of a message, and what is left at the end of that may be half a value: values have at
// most 4,096 characters, each of them doubled at the worst.
const longestSearched = 16_384
const halfAValue = 8_192
// Every pattern below begins where a run begins, or is short, so that none is tried at length at each place of a run.
const longestLookedAt = 4_096
/** How many messages may be in one another: Intune's own error stands in that of the service in front of it. */
const deepestMessage = 4

const IntuneMessage = t.type({ Message: t.string })

// Intune ends its sentence with these; they name its hosts, and sometimes the tenant.
const trailer = /(?<![\s;,-])[\s;,-]*\b(?:Operation ID(?: \([^)]{0,100}\))?|Activity ID|Url|CustomApiErrorPhrase):.*$/is

const tag = /<\/?[a-z!][a-z0-9-]*(?:\s[^<>]{0,300})?\/?>/gi
const url = /(?<!\S)\S*:\/\/\S+/g
const mail = /(?<!\S)\S+@\S+/g
const guid = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|(?<![\da-z])[\da-f]{32}(?![\da-z])/gi
const dotted = /(?<![\w.-])[\w.-]*\w/g
const topLevel = /^(?:com|net|org|us|cn|de|ms|io|eu|uk|gov|edu|cloud|local|internal|azure)$/i
/** What follows a host, or whatever else was left out, is part of it. */
const restOfPlace = /…(?::\d|[/?])\S*/g
// A token, a key, a digest: nothing that is made for people is that long without a blank.
const credential = /(?<![\w.~+/-])[\w.~+/-]{40,}=*/g

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const characterOf = (code: string, radix: number): string => {
  const point = Number.parseInt(code, radix)
  return point <= 0x10ffff ? String.fromCodePoint(point) : ''
}

/** Undoes the ways in which a value may have been written into a message: JSON's, HTML's, and a URL's escapes. */
const plain = (sentence: string): string =>
  sentence
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => characterOf(code, 16))
    .replaceAll(/\\(["'\\/])/g, '$1')
    .replaceAll(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => characterOf(code, 16))
    .replaceAll(/&#(\d{1,7});/g, (_, code: string) => characterOf(code, 10))
    .replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '')
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
      try {
        return decodeURIComponent(escaped)
      } catch {
        return escaped
      }
    })

/** On one line, without what cannot be seen: a name with a sign in it that nobody sees is still that name. */
const visible = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\p{Cf}+/gu, '')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')

/** Without regard to case, code unit for code unit. */
const folded = (text: string): string =>
  text.replaceAll(/[^a-z \d]/gu, (character) => {
    const fold = character.toUpperCase().toLowerCase()
    return fold.length === character.length ? fold : character
  })

// What is looked for at every place must not be long, or each place would be compared with thousands of characters.
const longestBeginning = 32

/** How many code units of a form stand at a place. */
const lengthAt = (text: string, place: number, form: string): number => {
  let length = 0
  while (length < form.length && text[place + length] === form[length]) length++
  return length
}

/** Where the beginning of a form stands, as much as stands there of any of the forms is hidden. */
const hideForm = (sentence: string, form: string, forms: ReadonlyArray<string>): string => {
  const text = folded(sentence)
  const beginning = form.slice(0, longestBeginning)
  let hidden = ''
  let from = 0
  for (let place = text.indexOf(beginning); place >= 0; place = text.indexOf(beginning, from)) {
    hidden += `${sentence.slice(from, place)}…`
    from = place + Math.max(...forms.map((one) => lengthAt(text, place, one)))
  }
  return hidden + sentence.slice(from)
}

// A value of one or two letters would be part of words; it is hidden where it is quoted, below.
const hide = (sentence: string, value: string): string => {
  if (value.length <= 2) return sentence
  // OData doubles the apostrophes of what it quotes.
  const forms = [...new Set([folded(value), folded(value).replaceAll("'", "''")])]
  return forms.reduce((rest, form) => hideForm(rest, form, forms), sentence)
}

const quoted = /(?<![\p{L}\p{N}])(['"])(.+?)\1(?![\p{L}\p{N}])/gu

/** Names that Graph quotes and that tell nothing of anyone: of types, and of the properties we know. */
const isName = (text: string): boolean =>
  /^#?(?:microsoft|Edm)\.[\w.]+$/.test(text) || Object.hasOwn(deviceInstallStateFields, text)

const keepNamesAlone = (sentence: string): string =>
  sentence.replaceAll(quoted, (whole, quote: string, text: string) => (isName(text) ? whole : `${quote}…${quote}`))

/** Three labels, or two of which the last is a top-level domain; an address of IPv4, too. */
const isHost = (run: string): boolean => {
  const labels = run.split('.').filter((label) => label !== '')
  return (labels.length >= 2 && topLevel.test(labels.at(-1) ?? '')) || (labels.length >= 3 && !isName(run))
}

/** The innermost text in a message: Graph's own, or that of the JSON text that Intune puts there. Not cleaned. */
export const sentenceIn = (message: string, depth = deepestMessage): string => {
  const json = depth > 0 ? parseStrictJson(message) : undefined
  return json?._tag === 'Json' && IntuneMessage.is(json.value) ? sentenceIn(json.value.Message, depth - 1) : message
}

const IntuneError = t.type({ ErrorCode: t.string })

/** The code of the error that Intune puts into the message of Graph's. */
export const innerCodeIn = (message: string): string | undefined => {
  const json = parseStrictJson(message)
  return json._tag === 'Json' && IntuneError.is(json.value) ? json.value.ErrorCode : undefined
}

const withoutValues = (sentence: string, values: ReadonlyArray<string>): string => {
  const hidden = values
    .map(visible)
    .toSorted((a, b) => b.length - a.length)
    .reduce(hide, sentence.slice(0, longestSearched).toWellFormed())
  return (sentence.length > longestSearched ? hidden.slice(0, -halfAValue) : hidden).slice(0, longestLookedAt)
}

const withoutPlaces = (sentence: string): string =>
  sentence
    .replace(trailer, '')
    .replaceAll(url, '…')
    .replaceAll(guid, '…')
    .replaceAll(dotted, (run) => (isHost(run) ? '…' : run))
    .replaceAll(restOfPlace, '…')

const withoutSecrets = (sentence: string): string =>
  sentence.replaceAll(mail, '…').replaceAll(credential, (run) => (isName(run) ? run : '…'))

const bounded = (sentence: string, longest: number): string | undefined => {
  const cleaned = visible(keepNamesAlone(sentence)).trim()
  return cleaned === '' ? undefined : cleaned.slice(0, longest).toWellFormed()
}

/** A message of Graph in the two forms that may be passed on. */
export interface CleanedMessage {
  /** For the caller, at most 500 characters. */
  readonly told: string | undefined
  /** For the record, at most 1,000 characters: with Intune's operation id and activity id. */
  readonly onRecord: string | undefined
}

/**
 * The sentence for people in a Graph error message: out of the JSON text that Intune puts there, on one line, without tags.
 * Left out are mail addresses, whatever looks like a credential, what is quoted (but for names of types and properties),
 * and the values that were sent, wherever they stand whole and however they are escaped; for callers, operation id, activity
 * id, hosts, URLs and GUIDs as well. A value of which Graph shows no more than 31 characters, unquoted, is not recognised
 * unless it is whole. Undefined when nothing is left.
 */
export const cleanMessage = (message: string, hiddenValues: ReadonlyArray<string>): CleanedMessage => {
  const sentence = withoutValues(visible(plain(sentenceIn(message))), hiddenValues).replaceAll(tag, ' ')
  return {
    told: bounded(withoutSecrets(withoutPlaces(sentence)), longestTold),
    onRecord: bounded(withoutSecrets(sentence), longestOnRecord),
  }
}
