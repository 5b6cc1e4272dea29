import { randomUUID } from 'node:crypto'

import { generate } from 'selfsigned'

/** Both in PEM. */
export interface TlsCertificate {
  readonly cert: string
  readonly key: string
}

/** A new certificate that is its own authority, for the two names of this machine. */
export const generateTlsCertificate = async (): Promise<TlsCertificate> => {
  // A name of its own: of two certificates with one name that are trusted, a client may look at the wrong one.
  const { cert, private: key } = await generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  // With the end of line that `selfsigned` leaves out, so that files of several can be put together.
  return { cert: `${cert.trimEnd()}\n`, key }
}
