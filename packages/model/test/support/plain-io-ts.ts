import * as t from 'io-ts'

// The same two types, as one writes them with io-ts's combinators alone. The fast codecs are held against them, by
// verdict and by time. Only what a date is comes from us: io-ts has nothing for it.

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

const createOf = (dateTimeOffset: t.Type<string>) =>
  t.intersection([
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

const answerOf = (odataDateTimeOffset: t.Type<string>) =>
  t.intersection([
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

/** The body takes other properties, which io-ts cannot refuse. */
export const plainIoTs = (isDateTimeOffset: t.Is<string>, isODataDateTimeOffset: t.Is<string>) => ({
  PlainCreate: createOf(t.refinement(t.string, isDateTimeOffset, 'DateTimeOffset')),
  PlainAnswer: answerOf(t.refinement(t.string, isODataDateTimeOffset, 'ODataDateTimeOffset')),
})
