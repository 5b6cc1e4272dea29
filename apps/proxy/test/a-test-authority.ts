import { randomUUID } from 'node:crypto'
import { trustCertificate } from '@device-install-state/identity-provider'
import { generate } from 'selfsigned'

/** Both in PEM. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

interface CertificateChange {
  /** A name, or an IPv4 address. */
  readonly names?: ReadonlyArray<string>
  readonly notBeforeDate?: Date
  readonly notAfterDate?: Date
  readonly algorithm?: string
}

/** An authority for certificates of servers, that nobody trusts before it is said so. */
export interface TestAuthority {
  readonly certificate: string
  readonly issue: (change?: CertificateChange) => Promise<ServerCertificate>
  /** This process trusts it from now on, until the function that comes back is called. */
  readonly trust: () => () => void
}

const newCertificate = async (
  { algorithm = 'sha256', names = ['127.0.0.1', 'localhost'], ...dates }: CertificateChange,
  ca?: ServerCertificate,
): Promise<ServerCertificate> => {
  // A name of its own: of two certificates with one name the wrong one may be looked at.
  const { cert, private: key } = await generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm,
    ...dates,
    ...(ca === undefined ? {} : { ca }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined && names.length === 0, critical: true },
      ...(names.length === 0
        ? []
        : [
            {
              name: 'subjectAltName' as const,
              altNames: names.map((name) =>
                /^[\d.]+$/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
              ),
            },
          ]),
    ],
  })
  return { cert, key }
}

export const aTestAuthority = async (): Promise<TestAuthority> => {
  const own = await newCertificate({ names: [] })
  return {
    certificate: own.cert,
    issue: (change = {}) => newCertificate(change, own),
    trust: () => trustCertificate(own.cert),
  }
}

/** Signed by nobody but itself. */
export const aSelfSignedCertificate = (): Promise<ServerCertificate> => newCertificate({})
