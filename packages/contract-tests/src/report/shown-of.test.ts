import { deviceInstallState, hostile } from '@device-install-state/model/arbitrary'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shownAs, shownOf } from './shown-of.js'

describe('a value in a report', () => {
  it.each([
    ['installState', 'installed', '"installed"'],
    ['installState', 'Ada Lovelace', 'a string of 12 characters'],
    ['installState', 'Lovelace', 'a string of 8 characters'],
    ['installState', 'Installed', '"Installed"'],
    ['installState', 'retired', '"retired"'],
    ['lastSyncDateTime', '2026-01-15T09:30:00Z', '"2026-01-15T09:30:00Z"'],
    ['lastSyncDateTime', 'when Ada came', 'a string of 13 characters'],
    ['deviceName', 'Ada’s tablet', 'a string of 12 characters'],
    ['deviceName', '', 'an empty string'],
    ['userName', null, 'null'],
    ['userName', undefined, 'nothing'],
    ['osVersion', 17, 'a number'],
    ['osVersion', true, 'true'],
    ['deviceId', ['x'], 'an array of 1'],
    ['deviceId', { x: 'y' }, 'an object of 1 properties'],
    ['a property that nobody knows', 'installed', 'a string of 9 characters'],
  ])('of %s is shown by its class: %j as %s', (property, value, shown) => {
    expect(shownOf(property, value)).toBe(shown)
  })

  it('never has anything of what names or leads to a person', () => {
    fc.assert(
      fc.property(deviceInstallState(), (state) => {
        const texts = [state.deviceName, state.userName].filter((text) => text !== null && text.length > 3)
        expect(texts.filter((text) => shownAs('personal', text).includes(text ?? ''))).toEqual([])
      }),
    )
  })

  it('can be anything at all', () => {
    fc.assert(
      fc.property(hostile(), (value) => {
        expect(shownOf('deviceName', value).length).toBeLessThan(80)
      }),
    )
  })
})
