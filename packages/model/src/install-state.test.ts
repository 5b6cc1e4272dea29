import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { openInstallState } from './arbitrary/index.js'
import { InstallState, type InstallStateArms, installStates, matchInstallState, OpenInstallState } from './index.js'

const words = matchInstallState({
  notApplicable: () => 'not for this device',
  installed: () => 'there',
  failed: () => 'went wrong',
  notInstalled: () => 'not there',
  uninstallFailed: () => 'still there',
  unknown: () => 'Graph does not know',
  undocumented: (member) => `new: ${member}`,
})

const stateOf = (text: string): OpenInstallState => {
  if (!OpenInstallState.is(text)) throw new Error(`${text} is no state`)
  return text
}

describe('an install state that is received', () => {
  it.each([
    'pendingInstall',
    'unknownFutureValue',
    'Installed',
    '',
    'undocumented',
    'toString',
    'constructor',
    '__proto__',
  ])('may be %j, which is kept and told apart', (member) => {
    expect(OpenInstallState.decode(member)).toEqual({ _tag: 'Right', right: member })
    expect(words(stateOf(member))).toBe(`new: ${member}`)
  })

  it('may be the documented member unknown, which is not an undocumented one', () => {
    expect(words('unknown')).toBe('Graph does not know')
  })

  it.each([null, 1, undefined, [], {}])('is not %j', (value) => {
    expect(OpenInstallState.is(value)).toBe(false)
  })

  it('leads to the arm of its name, or to that of the undocumented', () => {
    const nameOf = matchInstallState<string>({
      ...(Object.fromEntries(installStates.map((state) => [state, () => state])) as Record<InstallState, () => string>),
      undocumented: (member) => member,
    })

    fc.assert(
      fc.property(openInstallState(), (state) => {
        expect(nameOf(state)).toBe(state)
      }),
    )
  })
})

describe('taking a state apart', () => {
  it('does not compile without an arm for each member, and one for those that are not documented', () => {
    type Arms = InstallStateArms<string>

    expectTypeOf<Omit<Arms, 'undocumented'>>().not.toExtend<Arms>()
    expectTypeOf<Omit<Arms, 'unknown'>>().not.toExtend<Arms>()
    expectTypeOf<Arms>().toExtend<Arms>()
  })

  it('does not take any string: it has to be decoded first', () => {
    expectTypeOf<string>().not.toExtend<OpenInstallState>()
    expectTypeOf<InstallState>().toExtend<OpenInstallState>()
    expectTypeOf<OpenInstallState>().not.toExtend<InstallState>()
  })
})

describe('an install state that is sent', () => {
  it.each(installStates)('may be %s', (state) => {
    expect(InstallState.decode(state)).toEqual({ _tag: 'Right', right: state })
  })

  it.each(['Installed', 'pendingInstall', '', 0, null, ['installed']])('may not be %j', (value) => {
    expect(InstallState.is(value)).toBe(false)
  })
})
