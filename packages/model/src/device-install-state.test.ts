import { describe, expect, it } from 'vitest'
import { documentedExample } from './fields/index.js'
import { CreatedEntity } from './operations/index.js'
import { DeviceInstallState, problemsOf } from './index.js'

const entity = (): Record<string, unknown> => JSON.parse(documentedExample.response)

describe('an entity that Graph answers', () => {
  it('is the example of the page, whose length is the stated 423 bytes', () => {
    expect(Buffer.byteLength(documentedExample.response)).toBe(423)
    expect(DeviceInstallState.is(entity())).toBe(true)
  })

  it.each([
    ['an @odata.context', { '@odata.context': 'https://graph.microsoft.com/beta/$metadata#x/$entity' }],
    ['a property that was added since', { enrolledBy: { id: 1 } }],
    ['a state that was added since', { installState: 'pendingInstall' }],
    ['a date without seconds', { lastSyncDateTime: '2024-10-03T18:07Z' }],
    ['null for what may be null', { deviceName: null, userName: null }],
  ])('may have %s, which is kept', (_, change) => {
    const answer = { ...entity(), ...change }

    expect(DeviceInstallState.decode(answer)).toEqual({ _tag: 'Right', right: answer })
  })

  it.each([
    ['no id', { id: undefined }, '/id'],
    ['an empty id', { id: '' }, '/id'],
    ['a number for a name', { deviceName: 5 }, '/deviceName'],
    ['null for the state', { installState: null }, '/installState'],
    ['words for a date', { lastSyncDateTime: 'yesterday' }, '/lastSyncDateTime'],
  ])('may not have %s', (_, change, pointer) => {
    const result = DeviceInstallState.decode({ ...entity(), ...change })

    expect(result._tag === 'Left' && problemsOf(result.left)).toMatchObject([{ pointer }])
  })

  it('is not read out of the wrapping that one documentation page shows by mistake', () => {
    expect(DeviceInstallState.is({ value: entity() })).toBe(false)
  })

  it('has the documented properties, and those of the example are among them', () => {
    expect(Object.keys(DeviceInstallState.fields)).toEqual(expect.arrayContaining(Object.keys(entity())))
    expect(DeviceInstallState.fields).not.toHaveProperty('enrolledBy')
  })

  it('is known by its key even where the rest cannot be read', () => {
    expect(CreatedEntity.is({ id: 'x', deviceName: 5 })).toBe(true)
    expect(CreatedEntity.is({ deviceName: 'x' })).toBe(false)
  })
})
