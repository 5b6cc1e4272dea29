import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.js'

const states = ['notApplicable', 'installed', 'failed', 'notInstalled', 'uninstallFailed', 'unknown']

describe('a word that is none of those there are', () => {
  it.each([
    ['Installed', 'installed', 'other case'],
    ['  installed\n', 'installed', 'blanks around it'],
    ['instaled', 'installed', 'a letter too few'],
    ['installled', 'installed', 'a letter too many'],
    ['instslled', 'installed', 'another letter'],
    ['instlaled', 'installed', 'two letters in each other’s place'],
    ['NOTINSTALED', 'notInstalled', 'both at once'],
    ['faild', 'failed', 'a letter too few at the end'],
  ])('was meant to be one: %j, %s (%s)', (word, meant) => {
    expect(nearest(word, states)).toBe(meant)
  })

  it.each(['', 'x', 'fai', 'inst', 'completely else', 'installed'.repeat(20)])('may be none of them: %j', (word) => {
    expect(nearest(word, states)).toBeUndefined()
  })

  it('is the nearer of two', () => {
    expect(nearest('abcdefgx', ['abcdexxh', 'abcdefgh'])).toBe('abcdefgh')
    expect(nearest('ABCDEF', ['abcdefg', 'abcdef'])).toBe('abcdef')
    // One letter too many, or too few, is nearer than two others.
    expect(nearest('abcxdefgh', ['abcxdexxh', 'abcdefgh'])).toBe('abcdefgh')
    expect(nearest('abcefgh', ['abcexxh', 'abcdefgh'])).toBe('abcdefgh')
  })

  it('is not looked for where the word is too long to be one', () => {
    expect(nearest('A'.repeat(64), ['a'.repeat(64)])).toBe('a'.repeat(64))
    expect(nearest('A'.repeat(65), ['a'.repeat(65)])).toBeUndefined()
  })

  it('may be no word at all', () => {
    expect(nearest(5, states)).toBeUndefined()
    expect(nearest(undefined, states)).toBeUndefined()
  })

  it('that is short is not guessed by two letters', () => {
    expect(nearest('os', ['id'])).toBeUndefined()
    expect(nearest('idd', ['id'])).toBe('id')
    expect(nearest('ix', ['id'])).toBeUndefined()
    expect(nearest('abxx', ['abcd'])).toBeUndefined()
  })
})
