import { hash } from 'node:crypto'
import type { StoredEntry } from '../audit/audit-reader.js'
import { readEntry } from '../audit/entry-chain.js'
import { parsedRecord } from '../audit/kept-record.js'
import { claimOf } from '../audit/note-claim.js'
import type { AuditCommand, CommandContext } from './command.js'
import { CannotRead, WrongUsage } from './command-errors.js'
import { readOrThrow } from './read-or-throw.js'
import { ownKeys } from './verifying-keys.js'

const usage = `usage: device-install-state-audit checkpoint [--public-key] [OPTIONS]

Prints the newest signed checkpoint of each stream: a C2SP signed note that says how many records
there were, and the hash of the last of them. Keep it where nobody who can write to the ledger can
write, and give it to "verify --checkpoint" later: that proves that none of those records was
changed since. A running proxy makes one each minute, if there is anything new.

  --public-key        prints, instead, the key that signs, as "verify --public-key" takes it: of
                      AUDIT_SIGNING_KEY_FILE, or of the ledger's folder

With --json, a line for each stream: {"stream", "sequence", "checkpoint"}; with --public-key
{"publicKey"}.`

const soundNote = ({ entry, hash: kept }: StoredEntry): string | undefined => {
  const read = readEntry(entry)
  const record = parsedRecord(read?.record ?? '')
  if (record?.kind !== 'checkpoint' || hash('sha256', entry, 'base64') !== kept) return undefined
  const claim = claimOf(record.note)
  return claim?.head === read?.previous ? record.note : undefined
}

const printKey = async (context: CommandContext): Promise<number> => {
  const { verifiers, why } = ownKeys(context)
  const [current] = verifiers
  if (current === undefined) throw new CannotRead(`The signing key cannot be read: ${why ?? ''}.`)
  const { verifierKey } = current
  await context.out(`${context.values['json'] === true ? JSON.stringify({ publicKey: verifierKey }) : verifierKey}\n`)
  return 0
}

const printNotes = async (context: CommandContext): Promise<number> => {
  const reader = await context.openReader()
  let printed = 0
  let bad = 0
  for (const { stream } of await readOrThrow(reader.streams)) {
    const [newest] = await readOrThrow(reader.checkpoints(stream, 1))
    if (newest === undefined) continue
    const note = soundNote(newest)
    if (note === undefined) {
      bad++
      context.err(
        `The newest checkpoint of stream ${String(stream)} is not what was written. See what "verify" says.\n`,
      )
      continue
    }
    const line = JSON.stringify({ stream, sequence: newest.sequence, checkpoint: note })
    await context.out(context.values['json'] === true ? `${line}\n` : `${printed === 0 ? '' : '\n'}${note}`)
    printed++
  }
  if (bad > 0) return 3
  if (printed === 0) context.err('There is no checkpoint yet.\n')
  return printed === 0 ? 1 : 0
}

export const checkpointCommand: AuditCommand = {
  name: 'checkpoint',
  summary: 'the newest signed checkpoint, to be kept elsewhere',
  usage,
  options: { 'public-key': { type: 'boolean' } },
  run: async (context) => {
    if (context.positionals.length > 0) throw new WrongUsage('checkpoint takes no arguments but its options.')
    return context.values['public-key'] === true ? printKey(context) : printNotes(context)
  },
}
