import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { tokenClaims } from './jose-token-claims.js'
import { digestKeyFile, digestRing } from '../../audit/node-digest-ring.js'
import type { KeySource } from '../../audit/node-key-source.js'
import { lookAtLedgerFolder } from '../../audit/node-ledger-folder.js'
import { signingKeyFile, signingRing } from '../../audit/node-signing-ring.js'
import { pgTarget } from '../../audit/pg-target.js'
import { ledgerFile } from '../../audit/sqlite-ledger-file.js'
import type { Config, Environment } from '../../config/index.js'
import { wordsOfFault } from '../../forward/entra-error.js'
import { readClientCertificate, readTokenFile } from '../../forward/node-credential-files.js'
import { readTlsFiles } from '../../http/node-tls-files.js'
import { ourFiles } from '../../open-ledger.js'
import { type Finding, type Findings, findingOfTimes } from './finding.js'

const certificates = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs

/** Node reads them by itself at its start, and goes on without those that it cannot read. */
export const checkExtraAuthorities = (environment: Environment): Findings => {
  const path = environment['NODE_EXTRA_CA_CERTS'] ?? ''
  if (path === '') return []
  const about = 'NODE_EXTRA_CA_CERTS'
  try {
    const found = (readFileSync(path, 'latin1').match(certificates) ?? []).map((pem) => new X509Certificate(pem))
    return found.length === 0
      ? [
          {
            check: 'extraAuthorities',
            result: 'fail',
            about,
            what: 'its file holds no certificate in PEM',
            toDo: 'put the certificates of your authorities there, each -----BEGIN on a line of its own',
          },
        ]
      : [{ check: 'extraAuthorities', result: 'ok', about, what: `${String(found.length)} certificate(s) are trusted` }]
  } catch (fault) {
    return [
      {
        check: 'extraAuthorities',
        result: 'fail',
        about,
        what: `its file cannot be read: ${wordsOfFault(fault)}`,
        toDo: 'see that it is there and may be read: Node goes on without it',
      },
    ]
  }
}

export const checkTlsFiles = async (tls: Config['tls'], now: Date): Promise<Findings> => {
  if (tls === undefined) return []
  const files = await readTlsFiles(tls)()
  if (E.isLeft(files)) return files.left.map((what) => ({ check: 'tlsFiles', result: 'fail', what }))
  const { until, ...finding } = findingOfTimes('tlsFiles', 'TLS_CERTIFICATE_FILE', files.right, now)
  return [
    { ...finding, what: `certificate and key fit together; ${until}` },
    ...(files.right.isKeyOpen
      ? [
          {
            check: 'tlsFiles' as const,
            result: 'warn' as const,
            about: 'TLS_KEY_FILE',
            what: 'it can be used by everybody on this host',
            toDo: 'take the rights of others away, for instance with mode 0640',
          },
        ]
      : []),
  ]
}

const findingOfWorkloadToken = (token: string, now: Date): Finding => {
  const about = 'AZURE_FEDERATED_TOKEN_FILE'
  const { exp } = tokenClaims(token)
  return typeof exp === 'number' && exp * 1000 <= now.getTime()
    ? {
        check: 'credential',
        result: 'fail',
        about,
        what: 'its token has expired',
        toDo: 'see that the platform renews it: in Kubernetes, that it is a projected service account token',
      }
    : { check: 'credential', result: 'ok', about, what: 'its file holds a token' }
}

/** As far as it can be told without asking anyone. */
export const checkCredential = async ({ credential }: Config['upstream'], now: Date): Promise<Findings> => {
  switch (credential.kind) {
    case 'clientSecret':
      return [{ check: 'credential', result: 'ok', what: 'there is a client secret' }]
    case 'certificate': {
      const about = 'AZURE_CLIENT_CERTIFICATE_PATH'
      const read = await readClientCertificate(credential.path, credential.password)()
      if (E.isLeft(read)) return [{ check: 'credential', result: 'fail', about, what: read.left }]
      const { validFromDate, validToDate } = new X509Certificate(read.right.chain)
      const { until, ...finding } = findingOfTimes(
        'credential',
        about,
        { notBefore: validFromDate, notAfter: validToDate },
        now,
      )
      return [{ ...finding, what: `there is a client certificate with its key; ${until}` }]
    }
    case 'workloadIdentity': {
      const read = await readTokenFile(credential.tokenFile)()
      return [
        E.isLeft(read)
          ? { check: 'credential', result: 'fail', about: 'AZURE_FEDERATED_TOKEN_FILE', what: read.left }
          : findingOfWorkloadToken(read.right, now),
      ]
    }
    case 'managedIdentity':
      return [{ check: 'credential', result: 'unknown', what: 'a managed identity has no file; see upstreamToken' }]
  }
}

const folderOf = ({ store }: Config['audit']): string | undefined =>
  store.kind === 'sqlite' ? resolve(store.directory) : undefined

const findingOfSpace = (directory: string, { reserveInBytes }: Config['audit']): Findings => {
  const { bavail, bsize } = statfsSync(existsSync(directory) ? directory : dirname(directory))
  const free = bavail * bsize
  const inMiB = (bytes: number): string => `${String(Math.floor(bytes / 1024 / 1024))} MiB`
  return free < reserveInBytes
    ? [
        {
          check: 'auditDirectory',
          result: 'fail',
          about: 'AUDIT_RESERVE_MB',
          what: `${inMiB(free)} are free on the disk of the audit directory, less than the ${inMiB(reserveInBytes)} that must be`,
          toDo: 'make room, or take a larger disk: no calls are taken',
        },
      ]
    : []
}

/** Makes nothing. */
export const checkAuditDirectory = (audit: Config['audit']): Findings => {
  const directory = folderOf(audit)
  if (directory === undefined) return []
  const looked = lookAtLedgerFolder(directory, ourFiles)
  if (E.isLeft(looked)) return looked.left.map((what) => ({ check: 'auditDirectory', result: 'fail', what }))
  return [
    {
      check: 'auditDirectory',
      result: 'ok',
      what: looked.right ? 'it is there, and can be written to' : 'it is not there yet; the first start makes it',
    },
    ...findingOfSpace(directory, audit),
  ]
}

export const checkAuditDatabase = ({ store }: Config['audit']): Findings => {
  if (store.kind !== 'postgres') return []
  const target = pgTarget(store.url)
  const about = 'AUDIT_DATABASE_URL'
  if (E.isLeft(target))
    return [{ check: 'auditDatabase', result: 'fail', about, what: `it cannot be used: ${target.left}` }]
  return [
    target.right.isExposed
      ? {
          check: 'auditDatabase',
          result: 'warn',
          about,
          what: `${target.right.name} is reached without TLS: what is recorded can be read and changed on its way`,
          toDo: 'set sslmode=verify-full',
        }
      : { check: 'auditDatabase', result: 'ok', about, what: target.right.name },
  ]
}

interface Ring {
  readonly about: string
  readonly given: string | undefined
  readonly fileName: string
  readonly read: (source: KeySource) => E.Either<string, number>
}

const ringsOf = ({ digestKeyFile: digest, signingKeyFile: signing }: Config['audit']): ReadonlyArray<Ring> => [
  {
    about: 'AUDIT_DIGEST_KEY_FILE',
    given: digest,
    fileName: digestKeyFile,
    read: (source) => E.map(({ names }: { readonly names: ReadonlyArray<string> }) => names.length)(digestRing(source)),
  },
  {
    about: 'AUDIT_SIGNING_KEY_FILE',
    given: signing,
    fileName: signingKeyFile,
    read: (source) =>
      E.map(({ signers }: { readonly signers: ReadonlyArray<unknown> }) => signers.length)(signingRing(source)),
  },
]

/** Makes none. */
export const checkAuditKeys = (audit: Config['audit']): Findings => {
  const directory = folderOf(audit) ?? ''
  const hasLedger = existsSync(join(directory, ledgerFile))
  return ringsOf(audit).map(({ about, fileName, given, read }): Finding => {
    if (given === undefined && !hasLedger && !existsSync(join(directory, fileName)))
      return { check: 'auditKeys', result: 'ok', about, what: `${fileName} is made with the ledger` }
    const keys = read(
      given === undefined ? { kind: 'ownFile', folder: directory, mayBeMade: false } : { kind: 'given', path: given },
    )
    return E.isLeft(keys)
      ? { check: 'auditKeys', result: 'fail', about, what: keys.left }
      : { check: 'auditKeys', result: 'ok', about, what: `${String(keys.right)} key(s)` }
  })
}

/** Makes none. */
export const checkCheckpointFile = ({ checkpointFile: path }: Config['audit']): Findings => {
  if (path === undefined) return []
  const about = 'AUDIT_CHECKPOINT_FILE'
  try {
    const isThere = existsSync(path)
    if (isThere && statSync(path).isDirectory())
      return [{ check: 'checkpointFile', result: 'fail', about, what: 'it is a folder', toDo: 'name a file in it' }]
    if (isThere) accessSync(path, constants.W_OK)
    else accessSync(dirname(resolve(path)), constants.W_OK | constants.X_OK)
    return [
      {
        check: 'checkpointFile',
        result: 'ok',
        about,
        what: isThere ? 'it can be written to' : 'it is made at the first checkpoint',
      },
    ]
  } catch (fault) {
    return [
      {
        check: 'checkpointFile',
        result: 'fail',
        about,
        what: `it cannot be written to: ${wordsOfFault(fault)}`,
        toDo: 'see that its folder is there, and that this process may write to it',
      },
    ]
  }
}
