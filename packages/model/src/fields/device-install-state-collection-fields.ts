import { type DeviceInstallStateCollection, count, deviceInstallStates } from '../device-install-state-collection.js'
import type { FieldTable } from './field-table.js'
import { answeredKind, answeredTextKind } from './kinds.js'

const answeredAlone = { nullable: false, request: 'never', answer: 'optional' } as const

/** The properties of a collection. Nobody sends one. */
export const deviceInstallStateCollectionFields: FieldTable<DeviceInstallStateCollection, object> = {
  '@odata.context': {
    ...answeredAlone,
    kind: answeredTextKind,
    class: 'identifier',
    documentation: 'Where the metadata of the answer is.',
    example: "https://graph.microsoft.com/beta/$metadata#deviceAppManagement/managedEBooks('B1')/deviceStates",
  },
  '@odata.count': {
    ...answeredAlone,
    kind: answeredKind('Edm.Int64', count),
    class: 'text',
    documentation: 'How many there are on all pages.',
    example: 1,
  },
  '@odata.nextLink': {
    ...answeredAlone,
    kind: answeredTextKind,
    class: 'identifier',
    documentation: 'Where the next page is.',
    example: 'https://graph.microsoft.com/beta/deviceAppManagement/managedEBooks/B1/deviceStates?$skiptoken=1',
  },
  value: {
    ...answeredAlone,
    answer: 'required',
    kind: answeredKind('Collection(microsoft.graph.deviceInstallState)', deviceInstallStates),
    class: 'personal',
    documentation: 'The states of this page.',
    example: [],
  },
}
