import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from './checkpoint-body.js'
import type { SavedCheckpoint } from './verify-report.js'

/** What the note of a checkpoint claims, whoever signed it; undefined when it is none. Looks at no signature. */
export const claimOf = (note: string): SavedCheckpoint | undefined => {
  const checkpoint = readCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1))
  if (E.isLeft(checkpoint)) return undefined
  const { head, origin, size } = checkpoint.right
  return { origin, size, head: Buffer.from(head).toString('base64'), note }
}
