import { describe, expect, it } from 'vitest'
import { type Need, sparedAtInMs } from './spared-slots.js'

/** One call of others in two seconds, each of which may wait for one; slots come free at these times. */
const need = (change: Partial<Need>, freeTimes: ReadonlyArray<number> = []): Need => ({
  nowInMs: 0,
  windowInMs: 20_000,
  free: 50,
  perMs: 1 / 2_000,
  bearableInMs: 1_000,
  freeAtInMs: (skipped) => freeTimes[skipped],
  ...change,
})

describe('a slot', () => {
  it('is spared at once when nobody else calls', () => {
    expect(sparedAtInMs(need({ free: 1, perMs: 0 }))).toBe(0)
  })

  it('is spared at once when there are enough for the whole window', () => {
    expect(sparedAtInMs(need({ free: 13 }))).toBe(0)
  })

  it('is held back for what others will send until one comes free, and two more', () => {
    // Until 11 s, less what may wait: 5 calls.
    expect(sparedAtInMs(need({ free: 8 }, [11_000, ...Array<number>(20).fill(11_000)]))).toBe(0)
    expect(sparedAtInMs(need({ free: 7 }, [11_000, ...Array<number>(20).fill(11_000)]))).toBe(2_000)
  })

  it('is held back when slots come free soon, and then none for long', () => {
    expect(sparedAtInMs(need({ free: 4 }, [10, 20, ...Array<number>(20).fill(15_000)]))).toBe(8_000)
  })

  it('is spared, the last one too, when others can wait until one comes free', () => {
    expect(sparedAtInMs(need({ free: 1 }, Array<number>(20).fill(1_000)))).toBe(0)
  })

  it('is held back as long as it is not known when others come free', () => {
    expect(sparedAtInMs(need({ free: 5 }))).toBe(Infinity)
  })

  it('is spared when there are so many that not all can be looked at', () => {
    expect(sparedAtInMs(need({ free: 1, perMs: 1 }, Array<number>(300).fill(0)))).toBe(0)
  })
})
