import type { HttpRequest } from '../exchange/http-exchange.js'

const ansi: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', "'": "\\'", '\\': '\\\\' }

const escaped = (character: string): string =>
  ansi[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As it stands where that can be read; else with the escapes of bash and zsh, which survive a terminal. */
const quoted = (text: string): string =>
  /[\p{Cc}\u2028\u2029]/u.test(text)
    ? `$'${text.replaceAll(/[\p{Cc}\u2028\u2029'\\]/gu, escaped)}'`
    : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** In double quotes, where `$TOKEN` is replaced. */
const header = ([name, value]: readonly [string, string]): string =>
  value.includes('$TOKEN') ? `-H "${name}: ${value}"` : `-H ${quoted(`${name}: ${value}`)}`

/**
 * A line for a shell that sends the same request again: `$TARGET` is the address, `$TOKEN` the token. The body is on the
 * line: it is one of ours, or one that was drawn.
 */
export const curlLine = ({ body, headers, method, path }: HttpRequest): string =>
  [
    'curl -i --path-as-is',
    ...(method === 'POST' ? [] : [`-X ${method}`]),
    `"$TARGET"${quoted(path)}`,
    ...Object.entries(headers).map(header),
    ...(body === '' ? (method === 'POST' ? ["-d ''"] : []) : [`--data-binary ${quoted(body)}`]),
  ].join(' ')
