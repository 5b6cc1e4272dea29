import { type ArrayCodec, arrayCodec } from './json-codecs.js'
import { type Described, leaf } from './described.js'
import { DeviceInstallState } from './device-install-state.js'
import { type ObjectCodec, objectCodec, optional, required } from './object-codec.js'
import { text } from './text.js'

/**
 * A page of the states of a book, or of a user's summary of it, as Graph lists them. Source: Graph page "List
 * deviceInstallStates"; OData JSON format 4.01, sections 4.6 and 13.
 */
export interface DeviceInstallStateCollection {
  readonly '@odata.context'?: string
  /** How many there are on all pages, if `$count` was asked for. */
  readonly '@odata.count'?: number
  /** Where the next page is; absent on the last one. Opaque: to be followed as it stands. */
  readonly '@odata.nextLink'?: string
  readonly value: ReadonlyArray<DeviceInstallState>
}

export const count: Described<number> = leaf('Count', (u): u is number => Number.isSafeInteger(u) && Number(u) >= 0, {
  json: 'number',
  expected: 'a whole number from 0',
  mismatch: 'format',
})

export const deviceInstallStates: ArrayCodec<DeviceInstallState> = arrayCodec(DeviceInstallState)

/** Other properties are kept. */
export const DeviceInstallStateCollection: ObjectCodec<DeviceInstallStateCollection> =
  objectCodec<DeviceInstallStateCollection>('DeviceInstallStateCollection', {
    '@odata.context': optional(text),
    '@odata.count': optional(count),
    '@odata.nextLink': optional(text),
    value: required(deviceInstallStates),
  })
