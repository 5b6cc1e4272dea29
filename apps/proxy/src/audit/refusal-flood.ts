import { addressPrefix } from './address-prefix.js'
import type { ConnectionRecord, RefusalCount, RefusalRecord } from './audit-record.js'

/** What is counted of a refusal. */
export type Countable = Pick<RefusalRecord | ConnectionRecord, 'at' | 'code' | 'peer' | 'reason'>

/** What was counted, most frequent first; the sum of the counts is the total. */
export interface Counted {
  /** When the first and the last of them came. RFC 3339, UTC. */
  readonly from: string
  readonly to: string
  readonly total: number
  readonly counts: ReadonlyArray<RefusalCount>
}

const minuteInMs = 60_000
const longestReason = 128

/** The most rows, whoever calls from wherever. */
const mostRows = 1_000
/** Of these, some are kept for codes whose refusals come from too many networks, and one for all else. */
const mostOfNetworks = 900
const mostOfCodes = mostRows - 1

const other = 'other'

interface Row extends Omit<RefusalCount, 'count'> {
  count: number
}

/** Half a surrogate pair, cut or sent, would keep the whole record from being written in every strict form of JSON. */
const bounded = (reason: string): string =>
  (reason.length <= longestReason ? reason : `${reason.slice(0, longestReason - 1)}…`).toWellFormed()

/**
 * Says which refusals get a record each and counts the others: so many a minute are for the record, the minute beginning
 * with the first that comes after the last one's end. What it holds is bounded, and adds up to what came. It knows no
 * clock: times are milliseconds of a monotonic one, and what records say.
 */
export class RefusalFlood {
  readonly #perMinute: number
  #minuteBeganInMs = Number.NEGATIVE_INFINITY
  #recorded = 0
  #rows = new Map<string, Row>()
  #rest = 0
  #total = 0
  #from = ''
  #to = ''

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  /** True when it is counted; false when it is to have a record of its own. */
  readonly admit = (refusal: Countable, nowInMs: number): boolean => {
    if (nowInMs - this.#minuteBeganInMs >= minuteInMs) {
      this.#minuteBeganInMs = nowInMs
      this.#recorded = 0
    }
    if (this.#recorded < this.#perMinute) {
      this.#recorded++
      return false
    }
    this.#count(refusal)
    return true
  }

  /** Gives what was counted since it was last asked, and forgets it; undefined when that is nothing. */
  readonly drain = (): Counted | undefined => {
    if (this.#total === 0) return undefined
    const rest = this.#rest === 0 ? [] : [{ code: other, prefix: other, count: this.#rest }]
    const counts = [...this.#rows.values(), ...rest].sort((a, b) => b.count - a.count)
    const counted = { from: this.#from, to: this.#to, total: this.#total, counts }
    this.#rows = new Map()
    this.#rest = 0
    this.#total = 0
    return counted
  }

  #count({ at, code, peer, reason }: Countable): void {
    if (this.#total === 0 || at < this.#from) this.#from = at
    if (this.#total === 0 || at > this.#to) this.#to = at
    this.#total++
    const row =
      this.#row(mostOfNetworks, {
        code,
        ...(reason === undefined ? {} : { reason: bounded(reason) }),
        prefix: addressPrefix(peer),
      }) ?? this.#row(mostOfCodes, { code, prefix: other })
    if (row === undefined) this.#rest++
    else row.count++
  }

  /** The row of its kind, made if there are fewer than so many. */
  #row(most: number, kind: Omit<Row, 'count'>): Row | undefined {
    const key = `${kind.code}\0${kind.reason ?? ''}\0${kind.prefix}`
    const known = this.#rows.get(key)
    if (known !== undefined || this.#rows.size >= most) return known
    const row = { ...kind, count: 0 }
    this.#rows.set(key, row)
    return row
  }
}
