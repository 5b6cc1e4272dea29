import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { ClientConfig } from 'pg'

/** A database, and how it is connected to. Its configuration has the password: it is for the driver alone. */
export interface PgTarget {
  /** For messages: host, port and database. */
  readonly name: string
  /** Whether what is sent can be read, and changed, on its way through a network. */
  readonly isExposed: boolean
  readonly config: () => ClientConfig
}

const parameters = ['sslmode', 'sslrootcert', 'channel_binding']
const verifying = new Set(['prefer', 'require', 'verify-ca', 'verify-full'])

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.[\d.]+$/.test(host)

const certificateIn = (path: string): E.Either<string, string> =>
  E.tryCatch(
    () => readFileSync(path, 'utf8'),
    () => 'its sslrootcert cannot be read',
  )

const sslOf = (query: URLSearchParams, host: string): E.Either<string, ClientConfig['ssl']> => {
  const mode = query.get('sslmode') ?? (isLoopback(host) ? 'disable' : 'verify-full')
  if (mode === 'disable') return E.right(false)
  if (!verifying.has(mode)) return E.left('its sslmode is neither disable nor verify-full')
  const path = query.get('sslrootcert')
  if (path === null) return E.right({ rejectUnauthorized: true })
  const certificate = certificateIn(path)
  return E.isLeft(certificate) ? certificate : E.right({ rejectUnauthorized: true, ca: certificate.right })
}

/**
 * Reads `postgres://user:password@host:port/database`. All that the driver would else take from PG* variables or defaults is
 * said here. TLS is asked for, and the server's certificate is checked against its name whatever `sslmode` says, but for
 * `disable`; on loopback `disable` is the default. Left tells what is wrong, and has no part of the URL, which may be its
 * password.
 */
export const pgTarget = (text: string): E.Either<string, PgTarget> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol))
    return E.left('it is no postgres:// URL')
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') return E.left('it names no host')
  if (user === undefined || user === '') return E.left('it names no user')
  if (database === undefined || database === '') return E.left('it names no database')
  if (password === undefined) return E.left('its password is not percent-encoded')
  const query = url.searchParams
  if ([...query.keys()].some((name) => !parameters.includes(name)))
    return E.left(`it has a parameter other than ${parameters.join(', ')}`)
  const ssl = sslOf(query, host)
  if (E.isLeft(ssl)) return ssl
  const port = url.port === '' ? 5_432 : Number(url.port)
  return E.right({
    name: `${host}:${String(port)}/${database}`,
    isExposed: ssl.right === false && !isLoopback(host),
    config: () => ({
      host,
      port,
      user,
      database,
      // As a function, lest the driver look for one elsewhere when it is empty.
      password: () => password,
      ssl: ssl.right,
      enableChannelBinding: query.get('channel_binding') === 'require',
      application_name: 'device-install-state audit',
      client_encoding: 'UTF8',
      keepAlive: true,
      // The driver then sends what belongs together without a round trip between.
      pipeline: true,
    }),
  })
}
