import {
  DateTimeOffset,
  DeviceInstallState,
  type DeviceInstallStateCreate,
  InstallState,
  instantOrd,
  type Problem,
} from '@device-install-state/model'
import type { Differences, Drift, DriftKind } from '../domain/differences.js'
import { hiddenValuesOf } from '../domain/field-clarity.js'

const mostNewProperties = 10

/**
 * OData's annotations have an @ in their name, which no property has, and are no drift: `@odata.context`,
 * `userName@odata.type`, `@microsoft.graph.tips`. Those that Graph sends are texts; what holds more is taken for a property.
 * OData JSON Format 4.01, section 4.6.
 */
export const isDocumented = (name: string, value: unknown): boolean =>
  Object.hasOwn(DeviceInstallState.fields, name) || (name.includes('@') && typeof value === 'string')

const drift = (kind: DriftKind, place: string): Drift => ({ kind, place })

// OData's simple identifier, and shorter than any secret. Graph chooses it, so it could be something that Graph was sent.
const nameTold = (name: string, hiddenValues: ReadonlyArray<string>): string =>
  /^[a-z_]\w{0,39}$/i.test(name) &&
  !hiddenValues.some((value) => value === name || (value.length > 2 && name.includes(value)))
    ? name
    : 'other'

/** The form of a date, with d for each digit. */
const formOf = (date: string): string => date.slice(0, 48).replaceAll(/\d/g, 'd')

const driftIn = (
  status: 200 | 201,
  entity: DeviceInstallState,
  sent: DeviceInstallStateCreate,
): Differences['drift'] => {
  const { installState, lastSyncDateTime } = entity
  const members: Readonly<Record<string, unknown>> = { ...entity }
  const newProperties = Object.keys(members).filter((name) => !isDocumented(name, members[name]))
  // What is as documented is not looked at any further.
  if (
    status === 201 &&
    newProperties.length === 0 &&
    InstallState.is(installState) &&
    DateTimeOffset.is(lastSyncDateTime)
  )
    return []
  const hiddenValues = hiddenValuesOf(sent)
  const places = new Set(newProperties.slice(0, mostNewProperties).map((name) => nameTold(name, hiddenValues)))
  return [
    ...(status === 200 ? [drift('status200', 'status')] : []),
    ...[...places].map((place) => drift('newProperty', place)),
    ...(InstallState.is(installState) ? [] : [drift('newInstallState', nameTold(installState, hiddenValues))]),
    ...(DateTimeOffset.is(lastSyncDateTime) ? [] : [drift('otherDateForm', formOf(lastSyncDateTime))]),
  ]
}

// Graph answers in UTC what was sent with an offset, and with seven digits: the same instant is the same value.
const isSame = (name: string, sent: unknown, answered: unknown): boolean =>
  sent === answered ||
  (name === 'lastSyncDateTime' &&
    DateTimeOffset.is(sent) &&
    DateTimeOffset.is(answered) &&
    instantOrd.equals(sent, answered))

// Graph leaves out annotations as it pleases.
const echoMismatchIn = (entity: DeviceInstallState, sent: DeviceInstallStateCreate): Differences['echoMismatch'] => {
  const answered: Readonly<Record<string, unknown>> = { ...entity }
  const asked: Readonly<Record<string, unknown>> = { ...sent }
  return Object.keys(asked)
    .filter((name) => !name.includes('@') && asked[name] !== undefined && !isSame(name, asked[name], answered[name]))
    .toSorted()
}

/** How an entity that can be read differs from what is documented, and from what was sent. */
export const findDifferences = (
  status: 200 | 201,
  entity: DeviceInstallState,
  sent: DeviceInstallStateCreate,
): Differences => ({ drift: driftIn(status, entity, sent), echoMismatch: echoMismatchIn(entity, sent) })

/** What makes an entity unreadable, as drift. The names are those of the contract. */
export const unreadableShape = (problems: ReadonlyArray<Problem>): Differences => {
  const places = problems
    .filter(({ pointer }) => pointer !== '')
    .map(({ code, pointer }) => `${pointer.slice(1)} (${code})`)
  return {
    drift: places.length === 0 ? [] : [drift('otherShape', places.join(', '))],
    echoMismatch: [],
  }
}
