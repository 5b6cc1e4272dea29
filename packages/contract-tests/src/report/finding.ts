/** `breaking`: someone who keeps the contract is harmed. `compatible`: worth knowing, nobody is. */
export type Severity = 'breaking' | 'compatible'

/** One difference between what the contract says and what was found. No value of class personal is ever in it. */
export interface Finding {
  /**
   * RFC 6901, into the exchange, or into the contract where files are compared. Below a body, what is not in the form of a
   * property's name stands there as its length: "(a name of 12 characters)".
   *
   * - `/request/method`, `/request/path`, `/request/headers/content-type`, `/request/body/deviceName`
   * - `/requests` (how many a client sent), `/result` (how its promise ended)
   * - `/answer/status`, `/answer/headers/audit-id`, `/answer/body/error/details/0/target`
   * - `/graph/requests` (how many reached Graph), `/graph/request/headers/authorization`, `/graph/request/body/deviceName`
   * - `/audit/records`, `/audit/outcome`
   * - `/properties/deviceName/type`, `/enum/installed`, `/routes/createManagedEBookDeviceState`, `/statuses`, `/permission`
   */
  readonly pointer: string
  readonly severity: Severity
  /** What the contract says, in words that follow "Expected". */
  readonly expected: string
  /** What there was, in words that follow "found"; values as `shownOf` shows them. */
  readonly found: string
  /** What the reader can do, or should know. A sentence. */
  readonly hint?: string
}

/** What came of one interaction, or of one comparison. */
export interface Result {
  /** What it is about: a suite, a route, a file. Results of one group stand together. */
  readonly group: string
  /** A sentence about behaviour: "a body without deviceName is refused". Unique within its group. */
  readonly name: string
  readonly findings: ReadonlyArray<Finding>
  readonly durationInMs: number
  /** Why it was not looked at; absent if it was. */
  readonly skipped?: string
  /** Shell lines that do it again: a curl line, a seed. Secrets are variables in them (`$TOKEN`). */
  readonly reproduce?: string
}

/** What a result says as a whole. Compatible findings leave a contract kept. */
export type Verdict = 'kept' | 'broken' | 'skipped'

export const verdictOf = ({ findings, skipped }: Result): Verdict => {
  if (findings.some(({ severity }) => severity === 'breaking')) return 'broken'
  return skipped === undefined ? 'kept' : 'skipped'
}

/** What properties are called, and places in lists. What has another form may be a value in the place of a name. */
const nameForm = /^(?:\d{1,6}|[A-Za-z]\w{0,63}|(?:[A-Za-z]\w{0,63})?@(?:odata|microsoft)\.[\w.]{1,64})$/

const shownName = (name: string): string =>
  name === '' || nameForm.test(name) ? name : `(a name of ${String(name.length)} characters)`

/** The pointer as a report may show it: below a body, names are whatever somebody sent. */
const shownPointer = (pointer: string): string => {
  const [, body = pointer, below = ''] = /^((?:\/graph)?\/(?:request|answer)\/body)(?=.)(.*)$/s.exec(pointer) ?? []
  if (below === '') return pointer
  const [before = '', ...names] = below.split('/')
  return [`${body}${shownName(before)}`, ...names.map(shownName)].join('/')
}

export const breaking = (pointer: string, expected: string, found: string, hint?: string): Finding => ({
  pointer: shownPointer(pointer),
  severity: 'breaking',
  expected,
  found,
  ...(hint === undefined ? {} : { hint }),
})

export const compatible = (pointer: string, expected: string, found: string, hint?: string): Finding => ({
  ...breaking(pointer, expected, found, hint),
  severity: 'compatible',
})
