import {
  type DeviceInstallState,
  type DeviceInstallStateCreate,
  deviceInstallStateType,
} from '../device-install-state.js'
import type { FieldTable } from './field-table.js'
import { answeredTextKind, dateTimeOffsetKind, installStateKind, keyKind, odataTypeKind, stringKind } from './kinds.js'

const nullableString = { kind: stringKind, nullable: true, request: 'required', answer: 'required' } as const

/**
 * The properties of a deviceInstallState, in the order of Graph's page. Source: its table and example, and the published
 * metadata: six strings may be null, `installState` and `lastSyncDateTime` may not, `id` is the key.
 */
export const deviceInstallStateFields: FieldTable<DeviceInstallState, DeviceInstallStateCreate> = {
  '@odata.context': {
    kind: answeredTextKind,
    nullable: false,
    request: 'never',
    answer: 'optional',
    class: 'identifier',
    documentation: 'Where the metadata of the answer is.',
    example: "https://graph.microsoft.com/beta/$metadata#deviceAppManagement/managedEBooks('B1')/deviceStates/$entity",
  },
  '@odata.type': {
    kind: odataTypeKind,
    nullable: false,
    request: 'optional',
    answer: 'optional',
    class: 'enum',
    documentation: 'The OData type of the entity.',
    example: deviceInstallStateType,
  },
  id: {
    kind: keyKind,
    nullable: false,
    request: 'optional',
    answer: 'required',
    class: 'identifier',
    documentation: 'Key of the entity.',
    example: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9',
  },
  deviceName: {
    ...nullableString,
    class: 'personal',
    documentation: 'Device name.',
    example: 'Device Name value',
  },
  deviceId: {
    ...nullableString,
    class: 'identifier',
    documentation: 'Device Id.',
    example: 'Device Id value',
  },
  lastSyncDateTime: {
    kind: dateTimeOffsetKind,
    nullable: false,
    request: 'required',
    answer: 'required',
    class: 'timestamp',
    documentation: 'Last sync date and time.',
    example: '2017-01-01T00:02:49.3205976-08:00',
  },
  installState: {
    kind: installStateKind,
    nullable: false,
    request: 'required',
    answer: 'required',
    class: 'enum',
    documentation: 'The install state of the eBook.',
    example: 'installed',
  },
  errorCode: {
    ...nullableString,
    class: 'text',
    documentation: 'The error code for install failures.',
    example: 'Error Code value',
  },
  osVersion: {
    ...nullableString,
    class: 'text',
    documentation: 'OS Version.',
    example: 'Os Version value',
  },
  osDescription: {
    ...nullableString,
    class: 'text',
    documentation: 'OS Description.',
    example: 'Os Description value',
  },
  userName: {
    ...nullableString,
    class: 'personal',
    documentation: 'Device User Name.',
    example: 'User Name value',
  },
}
