import type { Together } from './config-problem.js'
import type { Variables } from './variables.js'

/** How a field of the body stands in the ledger. */
type FieldForm = Variables['AUDIT_PERSONAL_FIELDS']

/** Where the ledger is, how it is proved, and what it holds. */
export interface AuditConfig {
  readonly store:
    | { readonly kind: 'sqlite'; readonly directory: string }
    | { readonly kind: 'postgres'; readonly url: string }
  /** Where keys are that are not in the directory. */
  readonly digestKeyFile: string | undefined
  readonly signingKeyFile: string | undefined
  readonly checkpointEveryRecords: number
  readonly checkpointEveryInMs: number
  /** Where each checkpoint is written, too. */
  readonly checkpointFile: string | undefined
  readonly retentionInMs: number | undefined
  readonly reserveInBytes: number
  readonly unauthenticatedPerMinute: number
  /** What auditors' tokens must have; undefined: nobody can ask. */
  readonly readerRole: string | undefined
  /** By the class of the field; enums and timestamps are always clear. */
  readonly fields: Readonly<Record<'identifier' | 'personal' | 'text', FieldForm>>
}

const keyFiles = ['AUDIT_DIGEST_KEY_FILE', 'AUDIT_SIGNING_KEY_FILE'] as const

export const auditTogether: ReadonlyArray<Together<Variables>> = [
  {
    reads: ['AUDIT_READER_ROLE', 'CALLER_ROLE', 'CALLER_SCOPE'],
    problems: ({ AUDIT_READER_ROLE: reader, CALLER_ROLE: role, CALLER_SCOPE: scope }) =>
      reader === undefined || (reader !== role && reader !== scope)
        ? []
        : [
            {
              variable: 'AUDIT_READER_ROLE',
              message:
                'is what callers have, too, so that each of them could read all that is in the ledger. Set it to a scope and role of its own',
            },
          ],
  },
  {
    reads: ['AUDIT_DIRECTORY', 'AUDIT_DATABASE_URL'],
    problems: ({ AUDIT_DATABASE_URL: url, AUDIT_DIRECTORY: directory }) => {
      if (directory === undefined && url === undefined)
        return [
          {
            variable: 'AUDIT_DIRECTORY',
            message:
              'is not set. Set it to the folder of the audit ledger, on a disk that stays; for example: /var/lib/device-install-state/audit. Or set AUDIT_DATABASE_URL, for a fleet',
          },
        ]
      return directory !== undefined && url !== undefined
        ? [
            {
              variable: 'AUDIT_DIRECTORY',
              message: 'is set, and so is AUDIT_DATABASE_URL, but there is one ledger. Unset one of them',
            },
          ]
        : []
    },
  },
  {
    reads: ['AUDIT_DATABASE_URL', ...keyFiles],
    problems: (decoded) =>
      decoded.AUDIT_DATABASE_URL === undefined
        ? []
        : keyFiles
            .filter((name) => decoded[name] === undefined)
            .map((variable) => ({
              variable,
              message:
                'is not set, but with AUDIT_DATABASE_URL it must be: all replicas need the same key. docs/how-to/audit.md tells how to make one',
            })),
  },
]

const dayInMs = 24 * 3_600_000

/** `auditTogether` sees to it that there is one store. */
export const auditOf = (decoded: Variables): AuditConfig => ({
  store:
    decoded.AUDIT_DATABASE_URL === undefined
      ? { kind: 'sqlite', directory: decoded.AUDIT_DIRECTORY ?? '' }
      : { kind: 'postgres', url: decoded.AUDIT_DATABASE_URL },
  digestKeyFile: decoded.AUDIT_DIGEST_KEY_FILE,
  signingKeyFile: decoded.AUDIT_SIGNING_KEY_FILE,
  checkpointEveryRecords: decoded.AUDIT_CHECKPOINT_RECORDS,
  checkpointEveryInMs: 1_000 * decoded.AUDIT_CHECKPOINT_SECONDS,
  checkpointFile: decoded.AUDIT_CHECKPOINT_FILE,
  retentionInMs: decoded.AUDIT_RETENTION_DAYS === undefined ? undefined : dayInMs * decoded.AUDIT_RETENTION_DAYS,
  reserveInBytes: 1024 * 1024 * decoded.AUDIT_RESERVE_MB,
  readerRole: decoded.AUDIT_READER_ROLE,
  unauthenticatedPerMinute: decoded.AUDIT_UNAUTHENTICATED_PER_MINUTE,
  fields: {
    identifier: decoded.AUDIT_IDENTIFIER_FIELDS,
    personal: decoded.AUDIT_PERSONAL_FIELDS,
    text: decoded.AUDIT_TEXT_FIELDS,
  },
})
