import * as E from 'fp-ts/lib/Either.js'
import { bytesOfBase64 } from './signed-note.js'

/** How far the ledger had got, in the shape of c2sp.org/tlog-checkpoint. The head is of a chain, not of a tree. */
export interface Checkpoint {
  /** Which ledger. */
  readonly origin: string
  /** How many records. */
  readonly size: number
  /** SHA-256 of the last record, 32 bytes. */
  readonly head: Uint8Array
  /** Lines after these three, none of them empty. */
  readonly extensions: ReadonlyArray<string>
}

export interface CheckpointProblem {
  readonly _tag: 'NotACheckpoint'
  readonly reason: string
}

const headBytes = 32

const fault = (reason: string): E.Either<CheckpointProblem, never> => E.left({ _tag: 'NotACheckpoint', reason })

const isLine = (text: string): boolean => /^[ -\uffff]+$/.test(text) && text.isWellFormed()

/** Prints a checkpoint, ready to be signed. Left for what a checkpoint cannot say. */
export const checkpointBody = ({
  extensions = [],
  head,
  origin,
  size,
}: Omit<Checkpoint, 'extensions'> & Partial<Checkpoint>): E.Either<CheckpointProblem, string> => {
  if (!isLine(origin)) return fault('the origin is not one line of text')
  if (!Number.isSafeInteger(size) || size < 0) return fault('the size is no count')
  if (head.byteLength !== headBytes) return fault('the head is not 32 bytes')
  if (!extensions.every(isLine)) return fault('an extension is not one line of text')
  return E.right([origin, String(size), Buffer.from(head).toString('base64'), ...extensions, ''].join('\n'))
}

const sizeOf = (text: string): number | undefined => {
  const size = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(size) ? size : undefined
}

/**
 * Reads the body of a note that was opened. There is one text for a checkpoint: what it says, printed again, is the same.
 * Does not look at whether the origin is ours.
 */
export const readCheckpoint = (body: string): E.Either<CheckpointProblem, Checkpoint> => {
  if (!body.endsWith('\n')) return fault('it does not end in a newline')
  const lines = body.slice(0, -1).split('\n')
  const [origin, sizeText, headText, ...extensions] = lines
  if (origin === undefined || sizeText === undefined || headText === undefined) return fault('it has less than 3 lines')
  if (!lines.every(isLine)) return fault('a line is empty or has a control character')
  const size = sizeOf(sizeText)
  if (size === undefined) return fault('its second line is no count')
  const head = bytesOfBase64(headText)
  if (head?.byteLength !== headBytes) return fault('its third line is not 32 bytes in base64')
  return E.right({ origin, size, head, extensions })
}
