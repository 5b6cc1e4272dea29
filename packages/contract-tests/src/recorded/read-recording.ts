import { CouldNotRun } from '../could-not-run.js'
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../exchange/http-exchange.js'
import { at, entriesAt, listAt, textAt } from '../drift/tree.js'
import { jsonOf } from '../suite/json-of.js'

/** A pair of a recording, and where it stands there. */
export interface RecordedPair {
  /** "entry 3", or "line 3". */
  readonly place: string
  readonly request: HttpRequest
  readonly answer: HttpAnswer
}

const pathOf = (url: string): string => {
  const parsed = URL.parse(url)
  return parsed === null ? url : `${parsed.pathname}${parsed.search}`
}

const pairOf = (one: unknown): readonly [string, string] =>
  Array.isArray(one) ? [String(one[0]), String(one[1])] : [textAt(one, 'name') ?? '', textAt(one, 'value') ?? '']

/** Headers as an object, as pairs, or as HAR has them; HTTP/2's own are left out. */
const headersOf = (node: unknown): HttpHeaders => {
  const pairs = Array.isArray(node)
    ? node.map(pairOf)
    : entriesAt({ node }, 'node').map(([name, value]): readonly [string, string] => [name, String(value)])
  return Object.fromEntries(
    pairs.filter(([name]) => !name.startsWith(':')).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** A text as it stands; any other JSON value as its text. */
const bodyOf = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const mustBe = <A>(value: A | undefined, file: string, place: string, pointer: string): A => {
  if (value === undefined) throw new CouldNotRun(`${file}, ${place}: ${pointer} is missing, or of another type.`)
  return value
}

const statusOf = (node: unknown): number | undefined => {
  const status = at(node, 'status')
  return typeof status === 'number' ? status : undefined
}

const contentOf = (node: unknown): string => {
  const content = textAt(node, 'text') ?? ''
  return textAt(node, 'encoding') === 'base64' ? Buffer.from(content, 'base64').toString('utf8') : content
}

/** Whoever reads an answer by the Fetch standard does not see a byte order mark. */
const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '')

const pairOfHar =
  (file: string) =>
  (entry: unknown, index: number): ReadonlyArray<RecordedPair> => {
    const place = `entry ${String(index + 1)}`
    const [request, response] = [at(entry, 'request'), at(entry, 'response')]
    // What was blocked, or never answered.
    if (response === null || statusOf(response) === 0) return []
    return [
      {
        place,
        request: {
          method: mustBe(textAt(request, 'method'), file, place, '/request/method'),
          path: pathOf(mustBe(textAt(request, 'url'), file, place, '/request/url')),
          headers: headersOf(at(request, 'headers')),
          body: contentOf(at(request, 'postData')),
        },
        answer: {
          status: mustBe(statusOf(response), file, place, '/response/status'),
          headers: headersOf(at(response, 'headers')),
          body: withoutMark(contentOf(at(response, 'content'))),
        },
      },
    ]
  }

const pairOfLine = (file: string, line: string, number: number): RecordedPair => {
  const place = `line ${String(number)}`
  const read = jsonOf(line)
  if (read === undefined) {
    throw new CouldNotRun(
      `${file}:${String(number)} is no JSON. Every line of JSON Lines is one exchange: {"request":{…},"answer":{…}}.`,
    )
  }
  const request = at(read.json, 'request')
  const answer = at(read.json, 'answer') ?? at(read.json, 'response')
  const path = textAt(request, 'path') ?? textAt(request, 'url')
  return {
    place,
    request: {
      method: mustBe(textAt(request, 'method'), file, place, '/request/method'),
      path: pathOf(mustBe(path, file, place, '/request/path')),
      headers: headersOf(at(request, 'headers')),
      body: bodyOf(at(request, 'body')),
    },
    answer: {
      status: mustBe(statusOf(answer), file, place, '/answer/status'),
      headers: headersOf(at(answer, 'headers')),
      body: withoutMark(bodyOf(at(answer, 'body'))),
    },
  }
}

const whatItIs = (text: string): string => {
  if (/^\s*</.test(text)) return 'It is HTML or XML.'
  if (text.startsWith('\u001F')) return 'It is compressed: unpack it first.'
  return /^\s*\{\s*"log"/.test(text) ? 'It is a HAR that ends too early.' : ''
}

/** Reads a recording: HAR 1.2, or JSON Lines, told apart by what is in it. Throws `CouldNotRun`, with entry or line. */
export const readRecording = (file: string, source: string): ReadonlyArray<RecordedPair> => {
  const text = withoutMark(source)
  if (text.trim() === '') throw new CouldNotRun(`${file} is empty.`)
  const whole = jsonOf(text)
  if (whole !== undefined && at(whole.json, 'log') !== undefined) {
    const entries = at(whole.json, 'log', 'entries')
    if (!Array.isArray(entries)) throw new CouldNotRun(`${file} is no HAR: /log/entries is missing.`)
    return listAt(whole.json, 'log', 'entries').flatMap(pairOfHar(file))
  }
  const lines = text.split('\n')
  const first = lines.find((line) => line.trim() !== '') ?? ''
  if (whole === undefined && (!/^\s*\{.*\}\s*$/.test(first) || /^\s*\{\s*"log"/.test(text))) {
    throw new CouldNotRun(`${file} is no recording, neither HAR nor JSON Lines. ${whatItIs(text)}`.trimEnd())
  }
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [pairOfLine(file, line, index + 1)]))
}
