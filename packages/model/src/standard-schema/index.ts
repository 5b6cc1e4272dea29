import * as model from '../index.js'
import type { Described, ObjectCodec } from '../index.js'
import { type StandardCodec, toStandardSchema } from './to-standard-schema.js'

export { type StandardCodec, toStandardSchema } from './to-standard-schema.js'

// The codecs of the main entry, each a Standard Schema as well.

export type DateTimeOffset = model.DateTimeOffset
export const DateTimeOffset: StandardCodec<Described<DateTimeOffset>> = toStandardSchema(model.DateTimeOffset)

export const ODataDateTimeOffset: StandardCodec<Described<string>> = toStandardSchema(model.ODataDateTimeOffset)

export type DeviceInstallState = model.DeviceInstallState
export const DeviceInstallState: StandardCodec<ObjectCodec<DeviceInstallState>> = toStandardSchema(
  model.DeviceInstallState,
)

export type DeviceInstallStateCreate = model.DeviceInstallStateCreate
export const DeviceInstallStateCreate: StandardCodec<ObjectCodec<DeviceInstallStateCreate>> = toStandardSchema(
  model.DeviceInstallStateCreate,
)

export type DeviceInstallStateCollection = model.DeviceInstallStateCollection
export const DeviceInstallStateCollection: StandardCodec<ObjectCodec<DeviceInstallStateCollection>> = toStandardSchema(
  model.DeviceInstallStateCollection,
)

export type GraphError = model.GraphError
export const GraphError: StandardCodec<ObjectCodec<GraphError>> = toStandardSchema(model.GraphError)

export type InstallState = model.InstallState
export const InstallState: StandardCodec<Described<InstallState>> = toStandardSchema(model.InstallState)

export type OpenInstallState = model.OpenInstallState
export const OpenInstallState: StandardCodec<Described<OpenInstallState>> = toStandardSchema(model.OpenInstallState)

export type ManagedEBookId = model.ManagedEBookId
export const ManagedEBookId: StandardCodec<Described<ManagedEBookId>> = toStandardSchema(model.ManagedEBookId)

export type UserInstallStateSummaryId = model.UserInstallStateSummaryId
export const UserInstallStateSummaryId: StandardCodec<Described<UserInstallStateSummaryId>> = toStandardSchema(
  model.UserInstallStateSummaryId,
)
