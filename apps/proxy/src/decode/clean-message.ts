import { deviceInstallStateFields } from '@device-install-state/model/fields'
import * as t from 'io-ts'
import { parseStrictJson } from '../domain/strict-json.js'

const longest = 500
// Values are looked for in so much of a message, and what is left at the end of that may be half a value: values have at
// most 4,096 characters, each of them doubled at the worst.
const longestSearched = 16_384
const halfAValue = 8_192
// Every pattern below begins where a run begins, so that none is tried at each place of a run.
const longestLookedAt = 4_096

const IntuneMessage = t.type({ Message: t.string })

// Intune ends its sentence with these; they name its hosts, and sometimes the tenant.
const trailer = /(?<![\s;,-])[\s;,-]*\b(?:Operation ID(?: \([^)]{0,100}\))?|Activity ID|Url|CustomApiErrorPhrase):.*$/is

const url = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:\/\/\S+/gi
const mail = /(?<!\S)\S+@\S+/g
const host = /(?<![a-z0-9.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|us|cn|de|ms)(?![a-z0-9-])\S*/gi
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

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)

// A value of one or two letters would be part of words; it is hidden where it is quoted, below.
const hide = (sentence: string, value: string): string =>
  value.length <= 2
    ? sentence
    : sentence.replaceAll(new RegExp(`${literal(value)}|${literal(value.replaceAll("'", "''"))}`, 'giu'), '…')

const quoted = /(?<![\p{L}\p{N}])(['"])(.+?)\1(?![\p{L}\p{N}])/gu

/** Names that Graph quotes and that tell nothing of anyone: of types, and of the properties we know. */
const isName = (text: string): boolean =>
  /^#?(?:microsoft|Edm)\.[\w.]+$/.test(text) || Object.hasOwn(deviceInstallStateFields, text)

const keepNamesAlone = (sentence: string): string =>
  sentence.replaceAll(quoted, (whole, quote: string, text: string) => (isName(text) ? whole : `${quote}…${quote}`))

const sentenceIn = (message: string): string => {
  const json = parseStrictJson(message)
  return json._tag === 'Json' && IntuneMessage.is(json.value) ? json.value.Message : message
}

const withoutValues = (sentence: string, values: ReadonlyArray<string>): string => {
  const hidden = values
    .map((value) => value.toWellFormed())
    .toSorted((a, b) => b.length - a.length)
    .reduce(hide, sentence.slice(0, longestSearched).toWellFormed())
  return sentence.length > longestSearched ? hidden.slice(0, -halfAValue) : hidden
}

/**
 * The sentence for people in a Graph error message: out of the JSON text that Intune puts there, on one line, at most
 * 500 characters. Left out are operation id, activity id, hosts, mail addresses, whatever looks like a credential, what
 * is quoted (but for names of types and properties), and the values that were sent, wherever they stand whole and
 * however they are escaped. A value that Graph cuts short and does not quote is not recognised. Undefined when nothing
 * is left.
 */
export const cleanMessage = (message: string, hiddenValues: ReadonlyArray<string>): string | undefined => {
  const sentence = withoutValues(plain(sentenceIn(message)), hiddenValues)
    .slice(0, longestLookedAt)
    .replace(trailer, '')
    .replaceAll(url, '…')
    .replaceAll(mail, '…')
    .replaceAll(credential, (run) => (isName(run) ? run : '…'))
    .replaceAll(host, '…')
  const cleaned = keepNamesAlone(sentence)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return cleaned === '' ? undefined : cleaned.slice(0, longest).toWellFormed()
}
