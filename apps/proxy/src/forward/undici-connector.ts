import { isIP, connect as openTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as openTls } from 'node:tls'
import { callbackify } from 'node:util'
import { type buildConnector, Client, errors } from 'undici'
import { directHosts } from './direct-hosts.js'

export interface ConnectorSettings {
  /** For all that comes before the first byte of a request: address, TCP, the proxy's tunnel, TLS. */
  readonly timeoutInMs: number
  /** `http://` or `https://`, with a user and a password if it asks for them; what `NO_PROXY` says. */
  readonly proxy: { readonly url: string; readonly exceptions: string } | undefined
}

/** Whom a connection is to. */
interface Peer {
  readonly hostname: string
  readonly port: number
  readonly isTls: boolean
}

interface Proxy extends Peer {
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
}

const peerOf = (protocol: string, hostname: string, port: string): Peer => {
  const isTls = protocol === 'https:'
  return { hostname: hostname.replace(/^\[(.+)\]$/, '$1'), port: Number(port) || (isTls ? 443 : 80), isTls }
}

// What comes of the URL from here on has no user and no password in it, so that no error can tell them.
const proxyAt = (url: string): Proxy => {
  const { hostname, password, port, protocol, username } = new URL(url)
  const peer = peerOf(protocol, hostname, port)
  const proof = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return {
    ...peer,
    origin: `${protocol}//${hostname}:${String(peer.port)}`,
    headers: username === '' && password === '' ? {} : { 'proxy-authorization': `Basic ${proof}` },
  }
}

const authorityOf = ({ hostname, port }: Peer): string =>
  `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${String(port)}`

/** Listens for errors ever after: between its connecting and undici's own listener one would end the process. */
const connected = <S extends Socket>(socket: S, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<S> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    if (signal.aborted) {
      giveUp()
      return
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket
      .on('error', reject)
      .once('close', () => {
        signal.removeEventListener('abort', giveUp)
        reject(new Error('the connection was closed before it was there'))
      })
      .once(event, () => {
        signal.removeEventListener('abort', giveUp)
        resolve(socket)
      })
    socket.setNoDelay(true).setKeepAlive(true, 60_000)
  })

/**
 * No setting, and not NODE_TLS_REJECT_UNAUTHORIZED either, takes the check of the certificate away. The authorities are
 * Node's defaults, so that NODE_EXTRA_CA_CERTS and --use-system-ca have their effect. No session is resumed: each
 * connection proves its peer anew.
 */
const secure = ({ hostname, port }: Peer, signal: AbortSignal, over?: Duplex): Promise<Socket> =>
  connected(
    openTls({
      host: hostname,
      port,
      servername: isIP(hostname) === 0 ? hostname : '',
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      ...(over === undefined ? {} : { socket: over }),
    }),
    'secureConnect',
    signal,
  )

const open = (peer: Peer, signal: AbortSignal): Promise<Socket> =>
  peer.isTls ? secure(peer, signal) : connected(openTcp({ host: peer.hostname, port: peer.port }), 'connect', signal)

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

// A code by which undici would connect again, without end, is none for it to see.
const codeToTell = (cause: unknown): string =>
  /^UND_ERR_(?:SOCKET|INFO)$/.test(codeOf(cause)) ? 'ERR_PROXY' : codeOf(cause) || 'ERR_PROXY'

const ofProxy = (cause: unknown): Error =>
  Object.assign(new Error(`the proxy: ${cause instanceof Error ? cause.message : String(cause)}`), {
    code: codeToTell(cause),
  })

/** RFC 9110 §9.3.6. The connection is the tunnel's alone. */
const tunnelThrough = async (proxy: Proxy, to: Peer, signal: AbortSignal): Promise<Duplex> => {
  const client = new Client(proxy.origin, { connect: connectorTo(() => open(proxy, signal)) })
  try {
    const path = authorityOf(to)
    const { socket, statusCode } = await client.connect({ path, signal, headers: { ...proxy.headers, host: path } })
    // TLS over it tells what happens to it.
    socket.on('error', () => undefined)
    if (statusCode >= 200 && statusCode < 300) return socket
    socket.destroy()
    throw Object.assign(new Error(`it refuses the tunnel with status ${String(statusCode)}`), {
      code: `ERR_PROXY_STATUS_${String(statusCode)}`,
    })
  } catch (error) {
    await client.destroy()
    throw ofProxy(error)
  }
}

const connectorTo = (connect: (options: buildConnector.Options) => Promise<Socket>): buildConnector.connector => {
  const connectThen = callbackify(connect)
  return (options, callback) =>
    connectThen(options, (error: Error | null, socket) =>
      error === null ? callback(null, socket) : callback(error, null),
    )
}

/**
 * How undici's pools come to their connections: directly, or through a proxy that is told to make a tunnel (CONNECT), all of
 * it within one time. Only https goes through the proxy. Reads nothing from the environment.
 */
export const undiciConnector = ({ proxy, timeoutInMs }: ConnectorSettings): buildConnector.connector => {
  const through = proxy && proxyAt(proxy.url)
  const isDirect = directHosts(proxy?.exceptions ?? '')

  return connectorTo(async ({ hostname, port, protocol }) => {
    const peer = peerOf(protocol, hostname, port)
    const controller = new AbortController()
    const timer = setTimeout(() => {
      controller.abort(new errors.ConnectTimeoutError(`no connection within ${String(timeoutInMs)} ms`))
    }, timeoutInMs)
    try {
      return through === undefined || !peer.isTls || isDirect(peer)
        ? await open(peer, controller.signal)
        : await secure(peer, controller.signal, await tunnelThrough(through, peer, controller.signal))
    } finally {
      clearTimeout(timer)
    }
  })
}
