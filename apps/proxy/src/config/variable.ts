import * as t from 'io-ts'

/** What a person must know to set a variable. */
export interface Guidance {
  readonly expectation: string
  readonly example: string
  /** Used when the variable is not set; without one it must be set, unless it is optional. */
  readonly fallback?: string
  /** Needs not be set, and then is nothing, or what follows from others. */
  readonly isOptional?: true
}

/** One setting: an io-ts type that decodes the text of an environment variable, and words about it. */
export class Variable<A> extends t.Type<A, string> {
  readonly guidance: Guidance

  constructor(codec: t.Type<A, string>, guidance: Guidance) {
    super(
      codec.name,
      codec.is,
      (set, context) => codec.validate(set === undefined || set === '' ? guidance.fallback : set, context),
      codec.encode,
    )
    this.guidance = guidance
  }
}

/** A setting that is undefined when it is not set. */
export const optional = <A>(codec: t.Type<A, string>, guidance: Guidance): Variable<A | undefined> =>
  new Variable<A | undefined>(
    new t.Type<A | undefined, string>(
      codec.name,
      (u): u is A | undefined => u === undefined || codec.is(u),
      (set, context) => (set === undefined ? t.success(undefined) : codec.validate(set, context)),
      (value) => (value === undefined ? '' : codec.encode(value)),
    ),
    { ...guidance, isOptional: true },
  )

/** Reads text into a value, or finds it to be none. */
export const readAs = <A>(name: string, read: (text: string) => A | undefined): t.Type<A, string> =>
  new t.Type<A, string>(
    name,
    (u): u is A => read(String(u)) !== undefined,
    (set, context) => {
      const value = typeof set === 'string' ? read(set) : undefined
      return value === undefined ? t.failure(set, context) : t.success(value)
    },
    String,
  )

/** Any text without blanks around it, which are mostly the line end of a file that a secret came from. */
export const nonEmpty: t.Type<string, string> = readAs('NonEmpty', (text) =>
  text !== '' && text.trim() === text ? text : undefined,
)

export const guid: t.Type<string, string> = readAs('Guid', (text) =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined,
)

/** A client id, or the URI of an API: no blanks. */
export const appId: t.Type<string, string> = readAs('AppId', (text) => (/^\S+$/.test(text) ? text : undefined))

/** RFC 6749 §3.3: it stands in a challenge, in quotes. */
export const scopeToken: t.Type<string, string> = readAs('ScopeToken', (text) =>
  /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text) ? text : undefined,
)

/** Digits alone: neither `32kb` nor `1e3` nor a sign can be misread. */
export const integerBetween = (least: number, most: number): t.Type<number, string> =>
  readAs('Integer', (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most ? value : undefined
  })

export const port: t.Type<number, string> = integerBetween(0, 65_535)

export const flag: t.Type<boolean, string> = readAs('Flag', (text) =>
  text === 'true' || text === 'false' ? text === 'true' : undefined,
)

/** One of some words. */
export const oneOf = <A extends string>(words: ReadonlyArray<A>): t.Type<A, string> =>
  readAs('Word', (text) => words.find((word) => word === text))

const listed = (text: string): ReadonlyArray<string> => text.split(',').map((word) => word.trim())

/** Some of some words, with commas between, each at most once. */
export const someOf = <A extends string>(words: ReadonlyArray<A>): t.Type<ReadonlyArray<A>, string> =>
  readAs<ReadonlyArray<A>>('Words', (text) => {
    const given = listed(text)
    const known = words.filter((word) => given.includes(word))
    return known.length === given.length ? known : undefined
  })

/** One or more of a kind, with commas between, none twice. */
export const listOf = <A>(codec: t.Type<A, string>): t.Type<ReadonlyArray<A>, string> =>
  readAs<ReadonlyArray<A>>('List', (text) => {
    const given = listed(text).map((word) => codec.decode(word))
    const known = new Set(given.flatMap((word) => (word._tag === 'Right' ? [word.right] : [])))
    return known.size === given.length ? [...known] : undefined
  })

/** So many calls in so many seconds: `100/20s`. */
export const rate: t.Type<{ readonly calls: number; readonly seconds: number }, string> = readAs('Rate', (text) => {
  const [calls = 0, seconds = 0] = (/^(\d{1,6})\/(\d{1,5})s$/.exec(text) ?? []).slice(1).map(Number)
  return calls > 0 && seconds > 0 ? { calls, seconds } : undefined
})

/** An absolute URL with http or https, without user, query and fragment. */
const httpUrl: t.Type<URL, string> = readAs('HttpUrl', (text) => {
  const url = URL.parse(text)
  // Also what a parser would silently take away.
  const isPlain = !/[\s?#@\\]/.test(text)
  return url !== null && isPlain && /^https?:\/\//.test(text) ? url : undefined
})

/** As above, and kept as it was written: issuers are compared letter by letter. */
export const httpUrlText: t.Type<string, string> = readAs('HttpUrlText', (text) =>
  httpUrl.decode(text)._tag === 'Right' ? text : undefined,
)

/** Scheme, host and port alone. */
export const origin: t.Type<string, string> = readAs('Origin', (text) => {
  const url = httpUrl.decode(text)
  return url._tag === 'Right' && url.right.pathname === '/' ? url.right.origin : undefined
})

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** W3C Baggage, as OpenTelemetry has it in its variables: `name=value`, with commas between, values with `%` for what is not plain. */
const keyValueList: t.Type<Readonly<Record<string, string>>, string> = readAs('KeyValueList', (text) => {
  const pairs: Record<string, string> = {}
  for (const pair of listed(text)) {
    const [, name, encoded = ''] = /^([^\s=,;]+)\s*=\s*([^\s,;]*)$/.exec(pair) ?? []
    const value = decoded(encoded)
    if (name === undefined || value === undefined) return undefined
    pairs[name] = value
  }
  return pairs
})

/** RFC 9110 §5: what Node would send. */
export const headerList: t.Type<Readonly<Record<string, string>>, string> = readAs('HeaderList', (text) => {
  const pairs = keyValueList.decode(text)
  return pairs._tag === 'Right' &&
    Object.entries(pairs.right).every(
      ([name, value]) => /^[!#$%&'*+.^`|~\w-]+$/.test(name) && /^[\t\u0020-\u007e]*$/.test(value),
    )
    ? pairs.right
    : undefined
})

const ofEveryService = ['host.name', 'service.instance.id', 'service.name', 'service.version']

/**
 * What OpenTelemetry says of a service. Prometheus takes each name as that of a label, with `_` for what a label may not have, and
 * nothing of a page in which one is none, or is there twice.
 */
export const resourceAttributes: t.Type<Readonly<Record<string, string>>, string> = readAs(
  'ResourceAttributes',
  (text) => {
    const pairs = keyValueList.decode(text)
    if (pairs._tag === 'Left') return undefined
    const names = [...new Set([...ofEveryService, ...Object.keys(pairs.right)])]
    const labels = new Set(names.map((name) => name.replaceAll(/\W/g, '_')))
    return labels.size === names.length && names.every((name) => /^[A-Za-z][\w.-]*$/.test(name))
      ? pairs.right
      : undefined
  },
)

/** A share from 0 to 1, such as `0.1`. */
export const share: t.Type<number, string> = readAs('Share', (text) => {
  const value = /^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/.test(text) ? Number(text) : Number.NaN
  return value >= 0 && value <= 1 ? value : undefined
})

/** RFC 7617 §2: of a user with a colon, nobody could tell where the password begins; nor are there control characters. */
const areCredentials = ({ password, username }: URL): boolean => {
  const [user, secret] = [decoded(username), decoded(password)]
  return user !== undefined && secret !== undefined && !/[:\p{Cc}]/u.test(user) && !/\p{Cc}/u.test(secret)
}

/** An HTTP proxy: scheme, host and port, with a user and a password, percent-encoded, if it asks for them. */
export const proxyUrl: t.Type<string, string> = readAs('ProxyUrl', (text) => {
  const url = URL.parse(text)
  const isProxy = url !== null && url.hostname !== '' && url.pathname === '/' && url.search === '' && url.hash === ''
  return isProxy && areCredentials(url) && /^https?:\/\//.test(text) && !/\s/.test(text) ? text : undefined
})

/** A PostgreSQL connection URI with a host, a user and a database. Its parameters are for the adapter to judge. */
export const postgresUrl: t.Type<string, string> = readAs('PostgresUrl', (text) => {
  const url = URL.parse(text)
  const isWhole = url !== null && url.hostname !== '' && url.username !== '' && /^\/[^/]+$/.test(url.pathname)
  return isWhole && /^postgres(?:ql)?:\/\//.test(text) && !/\s/.test(text) ? text : undefined
})
