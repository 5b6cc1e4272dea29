import { describe, expect, it } from 'vitest'
import { hasKnownHoles } from './node-known-holes.js'

describe('a version of Node', () => {
  it.each(['24.0.0', '24.22.0', '24.21.9', '26.12.0'])('%s has known holes', (version) => {
    expect(hasKnownHoles(version)).toBe(true)
  })

  it.each(['24.22.1', '24.22.2', '24.23.0', '26.12.1', '27.0.0', '28.1.0'])('%s has none', (version) => {
    expect(hasKnownHoles(version)).toBe(false)
  })
})
