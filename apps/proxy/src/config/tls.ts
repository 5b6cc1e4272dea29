import type { Together } from './config-problem.js'
import type { Variables } from './variables.js'

/** What callers are shown, and what they must show. All of them are paths of PEM files, which are read again when they change. */
export interface TlsConfig {
  readonly certificateFile: string
  readonly keyFile: string
  /** Whose certificates clients must have; undefined: they need none. */
  readonly clientCaFile: string | undefined
  /** Also on the admin port, which asks clients for none. */
  readonly coversAdmin: boolean
}

const without = (variable: keyof Variables, needed: string) => ({
  variable,
  message: `is set, and has no effect without ${needed}. Set that, too, or leave both unset`,
})

/** What the settings of TLS must be together. */
export const tlsTogether: ReadonlyArray<Together<Variables>> = [
  {
    reads: ['TLS_CERTIFICATE_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE', 'ADMIN_TLS'],
    problems: ({ ADMIN_TLS, TLS_CERTIFICATE_FILE, TLS_CLIENT_CA_FILE, TLS_KEY_FILE }) => [
      ...(TLS_CERTIFICATE_FILE !== undefined && TLS_KEY_FILE === undefined
        ? [without('TLS_CERTIFICATE_FILE', 'TLS_KEY_FILE')]
        : []),
      ...(TLS_KEY_FILE !== undefined && TLS_CERTIFICATE_FILE === undefined
        ? [without('TLS_KEY_FILE', 'TLS_CERTIFICATE_FILE')]
        : []),
      ...(TLS_CLIENT_CA_FILE !== undefined && TLS_CERTIFICATE_FILE === undefined
        ? [without('TLS_CLIENT_CA_FILE', 'TLS_CERTIFICATE_FILE')]
        : []),
      ...(ADMIN_TLS && TLS_CERTIFICATE_FILE === undefined ? [without('ADMIN_TLS', 'TLS_CERTIFICATE_FILE')] : []),
    ],
  },
]

/** Undefined: plain HTTP, for a mesh, a sidecar or a balancer in front. */
export const tlsOf = ({
  ADMIN_TLS,
  TLS_CERTIFICATE_FILE,
  TLS_CLIENT_CA_FILE,
  TLS_KEY_FILE,
}: Variables): TlsConfig | undefined =>
  TLS_CERTIFICATE_FILE === undefined || TLS_KEY_FILE === undefined
    ? undefined
    : {
        certificateFile: TLS_CERTIFICATE_FILE,
        keyFile: TLS_KEY_FILE,
        clientCaFile: TLS_CLIENT_CA_FILE,
        coversAdmin: ADMIN_TLS,
      }
