import { describe, expect, it } from 'vitest'
import { progressOn } from './progress.js'

const aSink = (isTerminal: boolean) => {
  const written: Array<string> = []
  let ms = 0
  const progress = progressOn({ isTerminal, write: (text) => written.push(text), nowInMs: () => ms })
  return {
    written,
    progress,
    after: (more: number, text: string) => {
      ms += more
      progress.tell(text)
    },
  }
}

describe('progress', () => {
  it('is a line that changes on a terminal, and goes when there is something else to say', () => {
    const { after, progress, written } = aSink(true)
    for (const text of ['1', '2', '3']) after(60, text)
    progress.clear()
    progress.clear()

    expect(written).toEqual(['\r\u001b[K2', '\r\u001b[K'])
  })

  it('is a line every five seconds elsewhere, and none for what is short', () => {
    const { after, progress, written } = aSink(false)
    for (let second = 1; second <= 12; second++) after(1_000, String(second))
    progress.clear()

    expect(written).toEqual(['5\n', '10\n'])
  })
})
