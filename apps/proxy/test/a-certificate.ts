import { randomUUID } from 'node:crypto'
import { generate } from 'selfsigned'

/** Both in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface CertificateChange {
  /** Who signs it; else it is its own authority. */
  readonly ca?: Certificate
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** What it is for, if not for anything. */
  readonly usage?: 'serverAuth' | 'clientAuth'
}

/** A new certificate of this machine, or of an authority. */
export const aCertificate = async (change: CertificateChange & { readonly isAuthority?: boolean } = {}) => {
  const { ca, isAuthority = false, notAfter, notBefore, usage } = change
  // A name of its own: of two authorities with one name, a verifier may look at the wrong one.
  const { cert, private: key } = await generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(ca === undefined ? {} : { ca }),
    ...(notBefore === undefined ? {} : { notBeforeDate: notBefore }),
    ...(notAfter === undefined ? {} : { notAfterDate: notAfter }),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      ...(usage === undefined ? [] : [{ name: 'extKeyUsage' as const, [usage]: true }]),
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  return { cert, key }
}
