import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { parseVerifierKey } from '../audit/node-note-key.js'
import { verifyLedger } from '../audit/verify-ledger.js'
import type { LedgerReport, SavedCheckpoint } from '../audit/verify-report.js'
import type { AuditCommand, CommandContext } from './command.js'
import { CannotRead, OutputClosed, WrongUsage } from './command-errors.js'
import { readOrThrow } from './read-or-throw.js'
import { savedCheckpointsIn } from './saved-checkpoints.js'
import { tellReport, verdictOf } from './tell-report.js'
import { type VerifyingKeys, verifyingKeys } from './verifying-keys.js'

const usage = `usage: device-install-state-audit verify [--checkpoint FILE | --since FILE] [--public-key KEY]
                                         [--index] [OPTIONS]

Reads the whole ledger and tells whether anything in it was changed, left out, moved or computed
anew. Names the first bad record and what is wrong with it.

  --checkpoint FILE   checkpoints that were saved before: as "checkpoint" prints them, or a file
                      that AUDIT_CHECKPOINT_FILE named, or the proxy's log. The ledger must have
                      all that they tell of, as it was. This alone shows that the end was cut off,
                      an old copy put back, or all computed anew by somebody who has the key
  --since FILE        the same, but reads only what came after the newest of them
  --public-key KEY    whose signatures to believe: the text that "checkpoint --public-key" prints,
                      or a file of them. Else the key of AUDIT_SIGNING_KEY_FILE, or of the
                      ledger's folder. Keys that follow it are believed where a record, signed by
                      both, says so
  --index             looks, too, whether all can be found that there is; takes several times as
                      long. Of a SQLite ledger alone

With --json, one object: {"verdict": "sound" | "unsound" | "incomplete", …}. Ctrl-C ends it with
what was found so far (exit code 130, or 3).`

const thousands = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')

const savedIn = (path: string): ReadonlyArray<SavedCheckpoint> => {
  const text = E.tryCatch(
    () => readFileSync(path, 'utf8'),
    (error) => (error instanceof Error ? error.message : String(error)),
  )
  const saved = E.isLeft(text) ? text : savedCheckpointsIn(text.right)
  if (E.isLeft(saved)) throw new CannotRead(`The saved checkpoint ${path} cannot be read: ${saved.left}.`)
  return saved.right
}

/** Tells how far it is, how fast, and that it should go on. */
const progressOf = ({ now, progress }: CommandContext, isInterrupted: () => boolean) => {
  const beginInMs = now().getTime()
  return async (done: number, all: number): Promise<boolean> => {
    const seconds = (now().getTime() - beginInMs) / 1_000
    const rate = seconds > 0 ? `, ${thousands(Math.round(done / seconds))} a second` : ''
    progress(
      `${thousands(done)} of ${thousands(all)} records read (${String(Math.floor((100 * done) / Math.max(all, 1)))} %)${rate}`,
    )
    await turn()
    return !isInterrupted()
  }
}

const firstProblemOf = ({ problems, streams }: LedgerReport) => {
  const [first] = [
    ...problems,
    ...streams.flatMap(({ problems: [problem], stream }) => (problem === undefined ? [] : [{ stream, ...problem }])),
  ]
  return first
}

const jsonOf = (report: LedgerReport, { from }: VerifyingKeys): string =>
  JSON.stringify({ verdict: verdictOf(report), firstProblem: firstProblemOf(report), keysFrom: from, ...report })

const exitCodes = { sound: 0, unsound: 3, incomplete: 130 } as const

export const verifyCommand = (watchInterruption: () => () => boolean): AuditCommand => ({
  name: 'verify',
  summary: 'whether anything was changed, left out, moved or computed anew',
  usage,
  options: {
    checkpoint: { type: 'string' },
    since: { type: 'string' },
    'public-key': { type: 'string' },
    index: { type: 'boolean' },
  },
  run: async (context) => {
    const { out, positionals, values } = context
    const { checkpoint, since } = values
    if (positionals.length > 0) throw new WrongUsage('verify takes no arguments but its options.')
    if (checkpoint !== undefined && since !== undefined) throw new WrongUsage('Give --checkpoint or --since, not both.')
    const file = checkpoint ?? since
    // Before the ledger is looked at: a running proxy writes on.
    const saved = typeof file === 'string' ? savedIn(file) : []
    const keys = verifyingKeys(context)
    const isInterrupted = watchInterruption()
    const reader = await context.openReader()
    const report = await readOrThrow(
      verifyLedger({
        sha256: (text) => hash('sha256', text, 'base64'),
        trust: { verifiers: keys.verifiers, parseVerifierKey },
        reader,
        goOn: progressOf(context, isInterrupted),
      })({ saved, onlySince: since !== undefined, withIndex: values['index'] === true }),
    )
    if (values['index'] === true && !report.indexChecked)
      context.err('The index of a ledger in PostgreSQL cannot be compared yet; all else was.\n')
    try {
      await out(values['json'] === true ? `${jsonOf(report, keys)}\n` : tellReport(report, keys))
    } catch (error) {
      // The exit code tells, if nobody reads.
      if (!(error instanceof OutputClosed)) throw error
    }
    return exitCodes[verdictOf(report)]
  },
})
