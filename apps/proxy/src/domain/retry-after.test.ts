import { describe, expect, it } from 'vitest'
import { retryAfterInSeconds } from './retry-after.js'

const now = new Date('2026-11-23T12:00:00Z')

describe('Retry-After', () => {
  it.each([
    ['10', 10],
    ['0', 1],
    ['Mon, 23 Nov 2026 12:00:07 GMT', 7],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 1],
    ['1000000000', 300],
    ['-5', 10],
    ['soon', 10],
    ['', 10],
    [undefined, 10],
  ])('%j is %i seconds', (value, seconds) => {
    expect(retryAfterInSeconds(value, now)).toBe(seconds)
  })
})
