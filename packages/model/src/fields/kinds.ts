import { DateTimeOffset, ODataDateTimeOffset } from '../date-time-offset.js'
import type { Described } from '../described.js'
import { type deviceInstallStateType, ODataType } from '../device-install-state.js'
import { InstallState, OpenInstallState } from '../install-state.js'
import { key, text, unicodeText } from '../text.js'
import type { Kind } from './field-table.js'

/** A property of any length, the empty one included. */
export const stringKind: Kind<string, string> = { edm: 'Edm.String', request: unicodeText, answer: text }

/** Never empty in an answer. A caller may send any string, since the page does not say what becomes of it. */
export const keyKind: Kind<string, string> = { ...stringKind, answer: key }

export const odataTypeKind: Kind<typeof deviceInstallStateType, string> = { ...stringKind, request: ODataType }

export const dateTimeOffsetKind: Kind<DateTimeOffset, string> = {
  edm: 'Edm.DateTimeOffset',
  request: DateTimeOffset,
  answer: ODataDateTimeOffset,
}

export const installStateKind: Kind<InstallState, OpenInstallState> = {
  edm: 'microsoft.graph.installState',
  request: InstallState,
  answer: OpenInstallState,
}

/** Of what only Graph says. */
export const answeredKind = <A>(edm: string, codec: Described<A>): Kind<A, A> => ({
  edm,
  request: codec,
  answer: codec,
})

export const answeredTextKind: Kind<string, string> = answeredKind('Edm.String', text)
