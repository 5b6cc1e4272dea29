import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import type { TlsConfig } from '../config/index.js'

/** What the files of `TLS_…` held when they were read; it fits together. */
export interface TlsFiles {
  /** PEM: the certificate, then those behind it. */
  readonly certificate: string
  readonly key: string
  readonly clientCa: string | undefined
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** The file of the key has rights for everybody. */
  readonly isKeyOpen: boolean
  /** Says which files these were, and in which state: `stateOfFiles` says the same for as long as nobody has touched one. */
  readonly state: string
}

const largestFileInBytes = 1024 * 1024

/** A number for the file and one for each change of it, as far as the system tells changes apart. */
export const stateOf = ({ ctimeNs, dev, ino, mtimeNs, size }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].map(String).join(' ')

interface Read {
  readonly text: string
  readonly state: string
  readonly isOpen: boolean
}

/** What is wrong with a file, as the end of a sentence that begins with its variable and its path. */
type Fault = string

const faultOfStats = (stats: BigIntStats): Fault | undefined => {
  if (!stats.isFile()) return 'is no regular file'
  if (stats.size === 0n) return 'is empty'
  return stats.size > largestFileInBytes ? 'is larger than 1 MiB: that is no such file' : undefined
}

const contentOf = async (file: FileHandle): Promise<E.Either<Fault, Read>> => {
  const stats = await file.stat({ bigint: true })
  const fault = faultOfStats(stats)
  if (fault !== undefined) return E.left(fault)
  const buffer = Buffer.alloc(Number(stats.size))
  const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, 0)
  const isOpen = process.platform !== 'win32' && (stats.mode & 0o007n) !== 0n
  return E.right({ text: buffer.toString('latin1', 0, bytesRead), state: stateOf(stats), isOpen })
}

const codeOf = (fault: unknown): string =>
  fault instanceof Error && 'code' in fault && typeof fault.code === 'string' ? fault.code : 'unknown'

const read = async (path: string): Promise<E.Either<Fault, Read>> => {
  try {
    // A FIFO would keep an opener waiting; with O_NONBLOCK it is opened, looked at and refused. Windows has no such flag.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return await contentOf(file)
    } finally {
      await file.close()
    }
  } catch (fault) {
    const code = codeOf(fault)
    return E.left(
      code === 'ENOENT'
        ? 'is not there'
        : `cannot be read (${code}): see that it is a file, and that this process may read it`,
    )
  }
}

type Certificates = RNEA.ReadonlyNonEmptyArray<X509Certificate>

const certificatesIn = ({ text }: Read): E.Either<Fault, Certificates> => {
  const [first, ...others] = text.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? []
  if (first === undefined) return E.left('holds no certificate in PEM (-----BEGIN CERTIFICATE-----)')
  return E.tryCatch(
    () => [new X509Certificate(first), ...others.map((pem) => new X509Certificate(pem))],
    () => 'holds a certificate that cannot be read',
  )
}

const keyIn = ({ text }: Read): E.Either<Fault, KeyObject> => {
  const [pem] = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----.+?-----END \1PRIVATE KEY-----/s.exec(text) ?? []
  if (pem === undefined) return E.left('holds no private key in PEM (-----BEGIN PRIVATE KEY-----)')
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem))
    return E.left(
      'holds a private key that is encrypted, and no password can be given: decrypt it (openssl pkey -in … -out …)',
    )
  return E.tryCatch(
    () => createPrivateKey(pem),
    () => 'holds a private key that cannot be read',
  )
}

const problemOfPair = (
  { certificateFile, keyFile }: TlsConfig,
  [own, ...others]: Certificates,
  key: KeyObject,
): string | undefined => {
  if (own.checkPrivateKey(key)) return undefined
  return others.some((other) => other.checkPrivateKey(key))
    ? `TLS_CERTIFICATE_FILE ${certificateFile} must begin with the certificate of the key in TLS_KEY_FILE; those behind it follow`
    : `TLS_KEY_FILE ${keyFile} holds the key of another certificate than TLS_CERTIFICATE_FILE ${certificateFile}`
}

/** A file of one variable, and what its text means. */
interface Understood<A> {
  readonly file: Read
  readonly meaning: A
}

const understood = async <A>(
  variable: string,
  path: string,
  understand: (file: Read) => E.Either<Fault, A>,
): Promise<E.Either<string, Understood<A>>> =>
  pipe(
    await read(path),
    E.chain((file) =>
      pipe(
        understand(file),
        E.map((meaning) => ({ file, meaning })),
      ),
    ),
    E.mapLeft((fault) => `${variable} ${path} ${fault}`),
  )

const problemIn = (result: E.Either<string, unknown>): ReadonlyArray<string> => (E.isLeft(result) ? [result.left] : [])

/** That OpenSSL takes them is another thing: it may find a key too short, or a signature too weak. */
const usable = (files: TlsFiles): E.Either<ReadonlyArray<string>, TlsFiles> =>
  E.tryCatch(
    () => {
      createSecureContext({ cert: files.certificate, key: files.key, ca: files.clientCa })
      return files
    },
    (fault) => [`TLS_CERTIFICATE_FILE, TLS_KEY_FILE and TLS_CLIENT_CA_FILE cannot be used (${codeOf(fault)})`],
  )

const printed = (certificates: Certificates): string => certificates.map(String).join('')

/**
 * Reads certificate, key and authorities, PEM files of at most 1 MiB each. Left has every problem, in words that name the variable
 * and the path, and nothing that a file holds. That a certificate has expired is no problem here.
 */
export const readTlsFiles =
  (config: TlsConfig): TE.TaskEither<ReadonlyArray<string>, TlsFiles> =>
  async () => {
    const { certificateFile, clientCaFile, keyFile } = config
    const [certificate, key, clientCa] = await Promise.all([
      understood('TLS_CERTIFICATE_FILE', certificateFile, certificatesIn),
      understood('TLS_KEY_FILE', keyFile, keyIn),
      clientCaFile === undefined ? E.right(undefined) : understood('TLS_CLIENT_CA_FILE', clientCaFile, certificatesIn),
    ])
    if (E.isLeft(certificate) || E.isLeft(key) || E.isLeft(clientCa))
      return E.left([certificate, key, clientCa].flatMap(problemIn))
    const mismatch = problemOfPair(config, certificate.right.meaning, key.right.meaning)
    if (mismatch !== undefined) return E.left([mismatch])
    const [own] = certificate.right.meaning
    return usable({
      // Printed anew: what OpenSSL reads is what was judged here, whatever else stands in the files.
      certificate: printed(certificate.right.meaning),
      key: key.right.meaning.export({ format: 'pem', type: 'pkcs8' }).toString(),
      clientCa: clientCa.right && printed(clientCa.right.meaning),
      fingerprint: own.fingerprint256.replaceAll(':', '').toLowerCase(),
      notBefore: new Date(own.validFrom),
      notAfter: new Date(own.validTo),
      isKeyOpen: key.right.file.isOpen,
      state: [certificate.right, key.right, clientCa.right].map((one) => one?.file.state ?? '').join('; '),
    })
  }
