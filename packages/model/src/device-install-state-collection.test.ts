import { describe, expect, it } from 'vitest'
import { documentedExample } from './fields/index.js'
import { DeviceInstallStateCollection, problemsOf } from './index.js'

const entity = (): Record<string, unknown> => JSON.parse(documentedExample.response)

describe('a page of states', () => {
  it.each([
    ['is empty', { value: [] }],
    ['has entities', { value: [entity(), entity()] }],
    [
      'has annotations',
      {
        '@odata.context': 'x',
        '@odata.count': 0,
        '@odata.nextLink': 'https://graph.microsoft.com/x?$skiptoken=1',
        value: [],
      },
    ],
    ['has what was added since', { value: [{ ...entity(), added: 1 }], '@odata.deltaLink': 'x' }],
  ])('that %s is taken as it came', (_, page) => {
    expect(DeviceInstallStateCollection.decode(page)).toEqual({ _tag: 'Right', right: page })
  })

  it.each([
    [{}, '/value', 'missing'],
    [{ value: null }, '/value', 'type'],
    [{ value: {} }, '/value', 'type'],
    [{ value: [null] }, '/value/0', 'type'],
    [{ value: [entity(), { ...entity(), id: '' }] }, '/value/1/id', 'format'],
    [{ value: [], '@odata.count': -1 }, '/@odata.count', 'format'],
    [{ value: [], '@odata.count': 2 ** 53 }, '/@odata.count', 'format'],
    [{ value: [], '@odata.count': 1.5 }, '/@odata.count', 'format'],
    [{ value: [], '@odata.count': '1' }, '/@odata.count', 'type'],
    [{ value: [], '@odata.nextLink': null }, '/@odata.nextLink', 'type'],
    [entity(), '/value', 'missing'],
  ])('is not %j', (page, pointer, code) => {
    const decoded = DeviceInstallStateCollection.decode(page)

    expect(decoded._tag === 'Left' && problemsOf(decoded.left)).toMatchObject([{ pointer, code }])
  })
})
