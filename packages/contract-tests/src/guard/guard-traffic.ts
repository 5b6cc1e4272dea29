import { type Destination, isLoopback, isWithin, readDestination } from './destination.js'
import { watchTraffic } from './node-traffic.js'
import { type Slip, TrafficSlipped } from './slip.js'

export interface TrafficGuardOptions {
  /** Hosts that may be reached beside this machine: `db.test`, `db.test:5432`, `10.0.0.5`, `[fd00::1]:443`. */
  readonly allow?: ReadonlyArray<string>
  /** Whether this machine may be reached: localhost, 127.0.0.0/8, ::1, and sockets in the file system. Absent: it may. */
  readonly loopback?: boolean
}

export interface TrafficGuard {
  /** What slipped since the last `check`. */
  readonly slips: () => ReadonlyArray<Slip>
  /** Throws {@link TrafficSlipped} if something slipped since the last `check`, and forgets it. For `afterEach`. */
  readonly check: () => void
  /** Holds nothing back any more, then looks once more as `check` does. For `afterAll`. */
  readonly stop: () => void
}

const readAllowed = (texts: ReadonlyArray<string>): ReadonlyArray<Destination> => {
  const read = texts.map((text) => ({ text, to: readDestination(text) }))
  const unread = read.filter(({ to }) => to === undefined)
  if (unread.length > 0) {
    const named = unread.map(({ text }) => JSON.stringify(text)).join(', ')
    throw new TypeError(`\`allow\` takes "host" and "host:port", and this is neither: ${named}`)
  }
  return read.flatMap(({ to }) => to ?? [])
}

/**
 * Holds back what would leave this process for another machine, and remembers it: what msw answers never gets so far, so all
 * of it has slipped past msw. It is remembered even if your code takes the failure for an outage, as it should.
 *
 * Sees TCP, TLS and HTTP/2 of `node:net` and all that is made of it: `fetch`, `http`, undici, drivers of databases. Start it
 * before your client is: of connections that are open already it sees what `fetch`, undici, `http` and `http2` ask over them,
 * and nothing of a bare socket. Does not see UDP, worker threads, or other processes. Tests that run at the same time in one
 * process share what is seen.
 *
 * @throws TypeError if `allow` names something that is no host
 */
export const guardTraffic = ({ allow = [], loopback = true }: TrafficGuardOptions = {}): TrafficGuard => {
  const allowed = readAllowed(allow)
  let slips: Array<Slip> = []
  const unwatch = watchTraffic({
    mayPass: (to) => (loopback && isLoopback(to)) || allowed.some((one) => isWithin(one, to)),
    onSlip: (slip) => {
      slips.push(slip)
    },
  })
  const check = (): void => {
    const seen = slips
    slips = []
    if (seen.length > 0) throw new TrafficSlipped(seen)
  }
  return {
    slips: () => [...slips],
    check,
    stop: () => {
      unwatch()
      check()
    },
  }
}
