import { describe, expect, it } from 'vitest'
import { aSigner, sha256, signedNote } from '../../test/a-signed-ledger.js'
import { savedCheckpointsIn } from './saved-checkpoints.js'

const signer = aSigner()
const note = (size: number): string => signedNote(signer, { origin: 'o/1', size, head: sha256(String(size)) })
const sizesIn = (text: string) => {
  const found = savedCheckpointsIn(text)
  return found._tag === 'Left' ? found.left : found.right.map(({ size }) => size)
}
const json = (size: number): string => JSON.stringify({ at: 'x', checkpoint: note(size) })

describe('saved checkpoints', () => {
  it.each([
    ['one note', note(1), [1]],
    ['notes one after the other', note(1) + note(2), [1, 2]],
    ['notes with empty lines between', `${note(1)}\n\n${note(2)}\n`, [1, 2]],
    ['notes with the line ends of Windows', (note(1) + note(2)).replaceAll('\n', '\r\n'), [1, 2]],
    ['JSON lines', `${json(1)}\n${json(2)}\n`, [1, 2]],
    ['a log', `${json(1)}\n{"msg":"request"}\n${json(2)}\n`, [1, 2]],
    ['both', `${note(1)}${json(2)}\n${note(3)}`, [1, 2, 3]],
  ])('are found in %s', (_what, text, sizes) => {
    expect(sizesIn(text)).toEqual(sizes)
  })

  it.each([
    ['nothing', '', 'it has no checkpoint'],
    ['a log without any', '{"msg":"request"}\n', 'it has no checkpoint'],
    ['other words', `${note(1)}words\n`, 'from line 6 on there is no checkpoint'],
    ['a note without its first line', note(1).slice(4), 'from line 1 on there is no checkpoint'],
    ['half a line of JSON', `${json(1)}\n${json(2).slice(0, 50)}\n`, 'line 2 is no JSON'],
    ['JSON with another text', '{"checkpoint":"x"}', 'from line 1 on there is no checkpoint'],
  ])('are not passed over in %s', (_what, text, words) => {
    expect(sizesIn(text)).toBe(words)
  })

  it('are kept with the note as it was', () => {
    expect(savedCheckpointsIn(`${note(7)}\n`)).toEqual({
      _tag: 'Right',
      right: [{ origin: 'o/1', size: 7, head: sha256('7'), note: note(7) }],
    })
  })
})
