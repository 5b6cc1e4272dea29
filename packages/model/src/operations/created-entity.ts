import type { DeviceInstallState } from '../device-install-state.js'
import { type ObjectCodec, objectCodec, required } from '../object-codec.js'
import { key } from '../text.js'

/** The least that a 201 must hold so that one knows what was created. */
export type CreatedEntity = Pick<DeviceInstallState, 'id'>

/** Other properties are kept, and not looked at. */
export const CreatedEntity: ObjectCodec<CreatedEntity> = objectCodec<CreatedEntity>('CreatedEntity', {
  id: required(key),
})
