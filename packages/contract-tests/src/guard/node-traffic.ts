import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { isIP, Socket } from 'node:net'
import { atPort, type Destination, isLoopback, showDestination } from './destination.js'
import { type Slip, TrafficSlipped } from './slip.js'

/** Decides on all that is about to leave this process, and is told what did not. */
export interface Watch {
  readonly mayPass: (to: Destination) => boolean
  readonly onSlip: (slip: Slip) => void
}

const watches = new Set<Watch>()

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const property = (value: unknown, name: string | symbol): unknown =>
  isObject(value) ? Reflect.get(value, name) : undefined

const numberOf = (port: unknown): number | undefined => (port === undefined || port === '' ? undefined : Number(port))

const ofOthers = /\(node:|at node:|[\\/]node_modules[\\/]|[\\/]guard[\\/]node-traffic\./

/** The nearest line that is neither Node's nor a library's. */
const lineThatAsked = (): string | undefined => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const { stack = '' } = new Error('where from')
  Error.stackTraceLimit = limit
  return stack
    .split('\n')
    .find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !ofOthers.test(line))
    ?.replace(/^\s+at (?:async )?/, '')
}

/** Who asked msw last for a destination: what it lets pass it connects later, when nobody's line is left. */
const askedOfMsw = new Map<string, string | undefined>()

/** Asks those who watch whether it may leave by one of its names. `undefined`: it may. */
const judged = (
  judges: ReadonlyArray<Watch>,
  how: Slip['how'],
  ...[to, ...alsoKnownAs]: readonly [Destination, ...ReadonlyArray<Destination>]
): TrafficSlipped | undefined => {
  const against = judges.filter(({ mayPass }) => ![to, ...alsoKnownAs].some(mayPass))
  if (against.length === 0) return undefined
  const slip = { to: showDestination(to), how, from: lineThatAsked() ?? askedOfMsw.get(showDestination(to)) }
  for (const { onSlip } of against) onSlip(slip)
  return new TrafficSlipped([slip])
}

// `connect` takes options, a port and a host, or a path; Node's own callers hand it an array of what they took.
const optionsOf = ([first, second]: ReadonlyArray<unknown>): object => {
  if (Array.isArray(first)) return optionsOf(first)
  if (isObject(first)) return first
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first }
  return { port: first, host: typeof second === 'string' ? second : undefined }
}

const destinationOf = (options: object): Destination => {
  const path = property(options, 'path')
  if (typeof path === 'string' && path !== '') return { _tag: 'Path', path }
  const host = property(options, 'host')
  return atPort(typeof host === 'string' && host !== '' ? host : 'localhost', numberOf(property(options, 'port')))
}

// Who was watching when it was connected. On the socket itself, since an HTTP/2 session shows its socket through a proxy.
const watchedBy = Symbol('watched by')

// oxlint-disable-next-line typescript/unbound-method -- it is called on the socket that connects
const { connect } = Socket.prototype

// Of all copies of this module that a process may have: what one of them holds back is none of the others' business.
const isHeldBack = Symbol.for('@device-install-state/contract-tests/guard: held back')

// A lookup that fails is a failure that every client can bear, and nothing has left by then.
const heldBack = (slipped: TrafficSlipped): object => ({
  [isHeldBack]: true,
  host: 'held-back.invalid',
  port: 1,
  lookup: (_host: string, _options: unknown, answer: (error: Error) => void) => answer(slipped),
})

// msw puts a `connect` of its own on each socket that it may answer. Should it decide not to, it connects another socket.
const isInHandsOfMsw = (socket: Socket): boolean =>
  Object.hasOwn(socket, 'connect') &&
  Object.getOwnPropertySymbols(socket).some(({ description }) => description === 'kPatched')

// A `lookup` of one's own may say that localhost is anywhere.
const judgeLookup = (socket: Socket, judges: ReadonlyArray<Watch>, to: Destination): void => {
  if (to._tag === 'Path' || isIP(to.host) !== 0 || !isLoopback(to)) return
  socket.once('lookup', (_error: unknown, address: unknown) => {
    const found = typeof address === 'string' ? atPort(address, to.port) : to
    if (!isLoopback(found)) end(socket, judged(judges, 'connection', found))
  })
}

// Every way to connect ends here, however its module was imported.
function watchedConnect(this: Socket, ...args: Array<unknown>): Socket {
  const options = optionsOf(args)
  if (property(options, isHeldBack) === true) {
    Reflect.apply(connect, this, args)
    return this
  }
  const all = [...watches]
  const to = destinationOf(options)
  const isOfMsw = isInHandsOfMsw(this)
  if (isOfMsw && all.length > 0) askedOfMsw.set(showDestination(to), lineThatAsked())
  const slipped = isOfMsw ? undefined : judged(all, 'connection', to)
  if (!isOfMsw && slipped === undefined && all.length > 0) judgeLookup(this, all, to)
  Reflect.set(this, watchedBy, all)
  Reflect.apply(connect, this, slipped === undefined ? args : [heldBack(slipped)])
  return this
}

// At once, since msw lets pass by what it found here when it began to listen. With nobody watching, all goes through.
Socket.prototype.connect = watchedConnect

/** Whether a connection of the operating system is behind it: msw has sockets of its own. */
const isReal = (socket: object): boolean => {
  const handle = property(socket, '_handle')
  const fd = property(handle, 'fd') ?? property(property(handle, '_parent'), 'fd')
  return typeof fd === 'number' && (fd >= 0 || process.platform === 'win32')
}

/** What is about to be asked over a connection that was open before someone watched. `undefined`: it may leave. */
const judgedKept = (socket: unknown, host: string): TrafficSlipped | undefined => {
  if (!isObject(socket) || !isReal(socket)) return undefined
  const before = property(socket, watchedBy)
  const since = [...watches].filter((watch) => !(Array.isArray(before) && before.includes(watch)))
  const port = numberOf(property(socket, 'remotePort'))
  return judged(since, 'request', atPort(host, port), atPort(String(property(socket, 'remoteAddress')), port))
}

const hostOf = (authority: unknown): string => {
  const url = `http://${String(authority)}`.replace(/^http:\/\/(?=https?:)/, '')
  return URL.canParse(url) ? new URL(url).hostname : ''
}

const end = (it: unknown, slipped: TrafficSlipped | undefined): void => {
  const destroy = property(it, 'destroy')
  if (slipped !== undefined && typeof destroy === 'function') Reflect.apply(destroy, it, [slipped])
}

// Each of these is told before anything is written.
const channels: Readonly<Record<string, ChannelListener>> = {
  'http.client.request.created': (message) => {
    const request = property(message, 'request')
    const once = property(request, 'once')
    if (typeof once !== 'function') return
    const onSocket = (socket: unknown): void => end(socket, judgedKept(socket, String(property(request, 'host'))))
    Reflect.apply(once, request, ['socket', onSocket])
  },
  'http2.client.stream.start': (message) => {
    const session = property(property(message, 'stream'), 'session')
    const host = hostOf(property(property(message, 'headers'), ':authority'))
    end(session, judgedKept(property(session, 'socket'), host))
  },
  // The `fetch` of Node, and undici as it comes from npm.
  'undici:client:sendHeaders': (message) => {
    const socket = property(message, 'socket')
    end(socket, judgedKept(socket, hostOf(property(property(message, 'request'), 'origin'))))
  },
}

/** Watches until it is told to end. Several may watch at once: what one of them holds back is held back. */
export const watchTraffic = (one: Watch): (() => void) => {
  if (watches.size === 0) for (const [name, listener] of Object.entries(channels)) subscribe(name, listener)
  watches.add(one)
  return () => {
    if (!watches.delete(one) || watches.size > 0) return
    askedOfMsw.clear()
    for (const [name, listener] of Object.entries(channels)) unsubscribe(name, listener)
  }
}
