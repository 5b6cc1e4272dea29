import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { wordsOfFault } from './entra-error.js'

/** What a client proves itself with. All of it PEM. */
export interface ClientCertificate {
  /** PKCS #8, not encrypted. */
  readonly privateKey: string
  /** The certificate of the key, then the others of the file. */
  readonly chain: string
  /** SHA-256 of the certificate, in hex. */
  readonly thumbprint: string
}

const largestFileInBytes = 64 * 1024

const read = async (path: string): Promise<string> => {
  const { isFile, size } = await stat(path).then((found) => ({ isFile: found.isFile(), size: found.size }))
  if (!isFile) throw Object.assign(new Error('not a file'), { code: 'ENOTFILE' })
  if (size > largestFileInBytes) throw Object.assign(new Error('too large'), { code: 'EFBIG' })
  return readFile(path, 'utf8')
}

/**
 * Reads that have not come back yet. Each holds one of the few threads that all of the process reads and encrypts with, so
 * where a disk hangs, one read hangs, and not one for each call.
 */
const reading = new Map<string, Promise<string>>()

const readOnce = (path: string): Promise<string> => {
  const underWay = reading.get(path) ?? read(path).finally(() => reading.delete(path))
  reading.set(path, underWay)
  return underWay
}

const textOf = (what: string, path: string): TE.TaskEither<string, string> =>
  TE.tryCatch(
    () => readOnce(path),
    (fault) => `${what} cannot be read: ${wordsOfFault(fault)}`,
  )

const privateKeyIn = (text: string, password: string | undefined): E.Either<string, KeyObject> => {
  const [pem] = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.+?-----END (?:[A-Z]+ )?PRIVATE KEY-----/s.exec(text) ?? []
  if (pem === undefined) return E.left('the certificate file has no private key')
  return pipe(
    E.tryCatch(
      () => createPrivateKey({ key: pem, format: 'pem', ...(password === undefined ? {} : { passphrase: password }) }),
      (fault) => `the private key in the certificate file cannot be opened: ${wordsOfFault(fault)}`,
    ),
    E.filterOrElse(
      ({ asymmetricKeyType }) => asymmetricKeyType === 'rsa',
      () => 'the private key in the certificate file is no RSA key',
    ),
  )
}

const certificatesIn = (text: string): E.Either<string, ReadonlyArray<X509Certificate>> =>
  E.tryCatch(
    () =>
      (text.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? []).map(
        (pem) => new X509Certificate(pem),
      ),
    (fault) => `a certificate in the certificate file cannot be read: ${wordsOfFault(fault)}`,
  )

const clientCertificateOf = (
  key: KeyObject,
  certificates: ReadonlyArray<X509Certificate>,
): E.Either<string, ClientCertificate> => {
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key))
  if (own === undefined) return E.left('the certificate file has no certificate of its private key')
  return E.right({
    privateKey: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    chain: [own, ...certificates.filter((certificate) => certificate !== own)].map(String).join(''),
    thumbprint: own.fingerprint256.replaceAll(':', ''),
  })
}

const opened = (text: string, password: string | undefined): E.Either<string, ClientCertificate> =>
  pipe(
    E.Do,
    E.bind('key', () => privateKeyIn(text, password)),
    E.bind('certificates', () => certificatesIn(text)),
    E.chain(({ certificates, key }) => clientCertificateOf(key, certificates)),
  )

/** To open a key with a password takes long, on purpose: one that has not changed is not opened again. */
let lastOpened:
  | { readonly text: string; readonly password: string | undefined; readonly result: ReturnType<typeof opened> }
  | undefined

const openedOnce = (text: string, password: string | undefined): ReturnType<typeof opened> => {
  if (lastOpened?.text !== text || lastOpened.password !== password) {
    lastOpened = { text, password, result: opened(text, password) }
  }
  return lastOpened.result
}

/**
 * Reads a PEM file, at most 64 KiB, with an RSA key and its certificate; others of the chain may follow. Nothing of it is in
 * a `Left`.
 */
export const readClientCertificate = (
  path: string,
  password: string | undefined,
): TE.TaskEither<string, ClientCertificate> =>
  pipe(
    textOf('the certificate file', path),
    TE.chainEitherK((text) => openedOnce(text, password)),
  )

/** Reads the token that a platform puts in a file for a workload. What it says is for the login service to judge. */
export const readTokenFile = (path: string): TE.TaskEither<string, string> =>
  pipe(
    textOf('the token file', path),
    TE.map((text) => text.trim()),
    TE.filterOrElse(
      (token) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token),
      () => 'the token file holds no token',
    ),
  )
