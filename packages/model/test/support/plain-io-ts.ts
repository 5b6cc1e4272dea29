import * as t from 'io-ts'
import { DateTimeOffset, ODataDateTimeOffset } from '../../src/index.js'

// The same two types, as one writes them with io-ts's combinators alone. The fast codecs are held against them, by
// verdict and by time. Only the dates are ours: a regular expression for them is nothing that io-ts has.

const dateTimeOffset = t.refinement(t.string, DateTimeOffset.is, 'DateTimeOffset')
const odataDateTimeOffset = t.refinement(t.string, ODataDateTimeOffset.is, 'ODataDateTimeOffset')
const unicode = t.refinement(t.string, (text) => text.isWellFormed(), 'UnicodeString')
const key = t.refinement(t.string, (text) => text !== '', 'Key')
const nullableUnicode = t.union([unicode, t.null])
const nullableString = t.union([t.string, t.null])

const installState = t.keyof({
  notApplicable: null,
  installed: null,
  failed: null,
  notInstalled: null,
  uninstallFailed: null,
  unknown: null,
})

/** Takes other properties, which io-ts cannot refuse. */
export const PlainCreate = t.intersection([
  t.type({
    deviceName: nullableUnicode,
    deviceId: nullableUnicode,
    lastSyncDateTime: dateTimeOffset,
    installState,
    errorCode: nullableUnicode,
    osVersion: nullableUnicode,
    osDescription: nullableUnicode,
    userName: nullableUnicode,
  }),
  t.partial({ '@odata.type': t.literal('#microsoft.graph.deviceInstallState'), id: unicode }),
])

export const PlainAnswer = t.intersection([
  t.type({
    id: key,
    deviceName: nullableString,
    deviceId: nullableString,
    lastSyncDateTime: odataDateTimeOffset,
    installState: t.string,
    errorCode: nullableString,
    osVersion: nullableString,
    osDescription: nullableString,
    userName: nullableString,
  }),
  t.partial({ '@odata.context': t.string, '@odata.type': t.string }),
])
