import { describe, expect, it } from 'vitest'
import { patience } from './patience.js'

const aWaiter = () => {
  let nowInMs = 0
  let isOver = false
  const waits: Array<number> = []
  const told: Array<readonly [level: string, message: unknown]> = []
  const tryAgain = patience({
    isOver: () => isOver,
    monotonicNowInMs: () => nowInMs,
    wait: (ms) => {
      waits.push(ms)
      nowInMs += ms
      return Promise.resolve()
    },
    info: (_, { message }) => told.push(['info', message]),
    alarm: (_, { message }) => told.push([`alarm after ${String(nowInMs)} ms`, message]),
  })
  return { end: () => (isOver = true), told, tryAgain, waits }
}

describe('while the database of a ledger is away', () => {
  it('another try is made soon at first, then every five seconds, for as long as it takes', async () => {
    const { tryAgain, waits } = aWaiter()
    for (let tries = 0; tries < 8; tries++) expect(await tryAgain('away')).toBe(true)

    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000])
  })

  it('each new reason is told, and people are woken once it lasts, then each minute', async () => {
    const { told, tryAgain } = aWaiter()
    for (const message of ['no such host', 'no such host', 'refused', 'starting']) await tryAgain(message)
    for (let tries = 0; tries < 31; tries++) await tryAgain('starting')

    expect(told).toEqual([
      ['info', 'no such host'],
      ['info', 'refused'],
      ['info', 'starting'],
      ['alarm after 32750 ms', 'starting'],
      ['alarm after 92750 ms', 'starting'],
      ['alarm after 152750 ms', 'starting'],
    ])
  })

  it('no other try is made when the process is asked to end, be it before the wait or in it', async () => {
    const before = aWaiter()
    before.end()
    expect(await before.tryAgain('away')).toBe(false)
    expect(before.waits).toEqual([])

    const during = aWaiter()
    const again = during.tryAgain('away')
    during.end()
    expect(await again).toBe(false)
  })
})
