import { isDateTimeOffset, isODataDateTimeOffset } from './date-time-offset.js'
import { isInstallState } from './install-state.js'
import type { Shortcut } from './object-codec.js'

// The fields of the two codecs in device-install-state.ts, written out: V8 reads a property that is named in the code
// several times as fast as one that a loop names. A shortcut may say no where the fields say yes, since they are asked
// then; that it never says yes where they say no is a property test. See docs/decisions/0008.

interface Read {
  readonly '@odata.context'?: unknown
  readonly '@odata.type'?: unknown
  readonly id?: unknown
  readonly deviceName?: unknown
  readonly deviceId?: unknown
  readonly lastSyncDateTime?: unknown
  readonly installState?: unknown
  readonly errorCode?: unknown
  readonly osVersion?: unknown
  readonly osDescription?: unknown
  readonly userName?: unknown
}

// What inherits from something else, or from a prototype that somebody has polluted, may have properties that are not
// its own.
const hasOwnPropertiesAlone = (u: object): boolean => {
  if (Object.getPrototypeOf(u) !== Object.prototype) return false
  for (const _ in Object.prototype) return false
  return true
}

const isText = (u: unknown): u is string => typeof u === 'string'
const isTextOrNothing = (u: unknown): boolean => u === undefined || isText(u)
const isTextOrNull = (u: unknown): boolean => u === null || isText(u)
const isUnicode = (u: unknown): boolean => isText(u) && u.isWellFormed()
const isUnicodeOrNull = (u: unknown): boolean => u === null || isUnicode(u)

const haveStrings = (is: (u: unknown) => boolean, u: Read): boolean =>
  is(u.deviceName) && is(u.deviceId) && is(u.errorCode) && is(u.osVersion) && is(u.osDescription) && is(u.userName)

export const requestShortcut: Shortcut = {
  fits: (u: Read) =>
    isInstallState(u.installState) &&
    isDateTimeOffset(u.lastSyncDateTime) &&
    haveStrings(isUnicodeOrNull, u) &&
    (u['@odata.type'] === undefined || u['@odata.type'] === '#microsoft.graph.deviceInstallState') &&
    (u.id === undefined || isUnicode(u.id)) &&
    hasOwnPropertiesAlone(u),
  knows: (name) => {
    switch (name) {
      case '@odata.type':
      case 'id':
      case 'deviceName':
      case 'deviceId':
      case 'lastSyncDateTime':
      case 'installState':
      case 'errorCode':
      case 'osVersion':
      case 'osDescription':
      case 'userName':
        return true
      default:
        return false
    }
  },
}

export const answerShortcut: Shortcut = {
  fits: (u: Read) =>
    isText(u.id) &&
    u.id !== '' &&
    haveStrings(isTextOrNull, u) &&
    isText(u.installState) &&
    isODataDateTimeOffset(u.lastSyncDateTime) &&
    isTextOrNothing(u['@odata.context']) &&
    isTextOrNothing(u['@odata.type']) &&
    hasOwnPropertiesAlone(u),
  knows: (name) => name === '@odata.context' || requestShortcut.knows(name),
}
