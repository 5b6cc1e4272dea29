import * as E from 'fp-ts/lib/Either.js'
import { claimOf } from '../audit/note-claim.js'
import type { SavedCheckpoint } from '../audit/verify-report.js'

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** A line of AUDIT_CHECKPOINT_FILE, of `checkpoint --json`, or of the proxy's log; those of other things have no note. */
const noteInJson = (line: string): E.Either<undefined, string | undefined> => {
  const value = parsed(line)
  if (typeof value !== 'object' || value === null) return E.left(undefined)
  return E.right('checkpoint' in value && typeof value.checkpoint === 'string' ? value.checkpoint : undefined)
}

/** From a line on, a note as `checkpoint` prints it: its text, an empty line, its signatures. */
const linesOfNote = (lines: ReadonlyArray<string>, from: number): number => {
  const empty = lines.indexOf('', from)
  let end = empty === -1 ? from : empty + 1
  while (lines[end]?.startsWith('— ') === true) end++
  return end - from
}

/**
 * The checkpoints that a text holds: notes one after the other, JSON lines, or both. Left names a line that is neither, so
 * that no checkpoint is passed over in silence.
 */
export const savedCheckpointsIn = (text: string): E.Either<string, ReadonlyArray<SavedCheckpoint>> => {
  const lines = text.split(/\r?\n/)
  const found: Array<SavedCheckpoint> = []
  for (let place = 0; place < lines.length; ) {
    const line = lines[place] ?? ''
    const isJson = line.startsWith('{')
    const length = isJson || line === '' ? 1 : linesOfNote(lines, place)
    const note = isJson
      ? noteInJson(line)
      : E.right(line === '' ? undefined : `${lines.slice(place, place + length).join('\n')}\n`)
    if (E.isLeft(note)) return E.left(`line ${String(place + 1)} is no JSON`)
    const claim = note.right === undefined ? undefined : claimOf(note.right)
    if (note.right !== undefined && claim === undefined)
      return E.left(`from line ${String(place + 1)} on there is no checkpoint`)
    if (claim !== undefined) found.push(claim)
    place += Math.max(1, length)
  }
  return found.length === 0 ? E.left('it has no checkpoint') : E.right(found)
}
