import { expect, it } from 'vitest'
import { nearestName } from './nearest-name.js'

const names = ['show', 'find', 'tail', 'verify', 'checkpoint', 'rotate-key']

it.each([
  ['verfy', 'verify'],
  ['VERIFY', 'verify'],
  ['check', 'checkpoint'],
  ['rotatekey', 'rotate-key'],
  ['shwo', undefined],
  ['shw', 'show'],
  ['delete', undefined],
  ['', undefined],
])('"%s" is most likely meant to be %s', (word, meant) => {
  expect(nearestName(word, names)).toBe(meant)
})
