import * as model from '../index.js'
import type { Described, ObjectCodec } from '../index.js'
import { type StandardCodec, toStandardSchema } from './to-standard-schema.js'

export { type StandardCodec, toStandardSchema } from './to-standard-schema.js'

// The codecs of the main entry, each a Standard Schema as well.

/** As in the main entry. */
export type DateTimeOffset = model.DateTimeOffset
/** The codec of the main entry, and a Standard Schema. */
export const DateTimeOffset: StandardCodec<Described<DateTimeOffset>> = toStandardSchema(model.DateTimeOffset)

/** The codec of the main entry, and a Standard Schema. */
export const ODataDateTimeOffset: StandardCodec<Described<string>> = toStandardSchema(model.ODataDateTimeOffset)

/** As in the main entry. */
export type DeviceInstallState = model.DeviceInstallState
/** The codec of the main entry, and a Standard Schema. */
export const DeviceInstallState: StandardCodec<ObjectCodec<DeviceInstallState>> = toStandardSchema(
  model.DeviceInstallState,
)

/** As in the main entry. */
export type DeviceInstallStateCreate = model.DeviceInstallStateCreate
/** The codec of the main entry, and a Standard Schema. */
export const DeviceInstallStateCreate: StandardCodec<ObjectCodec<DeviceInstallStateCreate>> = toStandardSchema(
  model.DeviceInstallStateCreate,
)

/** As in the main entry. */
export type DeviceInstallStateCollection = model.DeviceInstallStateCollection
/** The codec of the main entry, and a Standard Schema. */
export const DeviceInstallStateCollection: StandardCodec<ObjectCodec<DeviceInstallStateCollection>> = toStandardSchema(
  model.DeviceInstallStateCollection,
)

/** As in the main entry. */
export type GraphError = model.GraphError
/** The codec of the main entry, and a Standard Schema. */
export const GraphError: StandardCodec<ObjectCodec<GraphError>> = toStandardSchema(model.GraphError)

/** As in the main entry. */
export type InstallState = model.InstallState
/** The codec of the main entry, and a Standard Schema. */
export const InstallState: StandardCodec<Described<InstallState>> = toStandardSchema(model.InstallState)

/** As in the main entry. */
export type OpenInstallState = model.OpenInstallState
/** The codec of the main entry, and a Standard Schema. */
export const OpenInstallState: StandardCodec<Described<OpenInstallState>> = toStandardSchema(model.OpenInstallState)

/** As in the main entry. */
export type ManagedEBookId = model.ManagedEBookId
/** The codec of the main entry, and a Standard Schema. */
export const ManagedEBookId: StandardCodec<Described<ManagedEBookId>> = toStandardSchema(model.ManagedEBookId)

/** As in the main entry. */
export type UserInstallStateSummaryId = model.UserInstallStateSummaryId
/** The codec of the main entry, and a Standard Schema. */
export const UserInstallStateSummaryId: StandardCodec<Described<UserInstallStateSummaryId>> = toStandardSchema(
  model.UserInstallStateSummaryId,
)
