import { DateTimeOffset, ODataDateTimeOffset } from './date-time-offset.js'
import { type Described, stringLeaf } from './described.js'
import { answerShortcut, requestShortcut } from './device-install-state-shortcuts.js'
import { InstallState, OpenInstallState } from './install-state.js'
import { type ObjectCodec, objectCodec, optional, required } from './object-codec.js'
import { key, nullableText, nullableUnicodeText, text, unicodeText } from './text.js'

/** The `@odata.type` of a deviceInstallState. */
export const deviceInstallStateType = '#microsoft.graph.deviceInstallState'

/**
 * How one device stands with one eBook, as Graph answers it. Every property of the page is there; others may be, since
 * Graph may add some at any time. For the same reason a state may be one that was added since, and the date is any
 * `Edm.DateTimeOffset`: neither must hide that the entity exists. `InstallState.is` and `DateTimeOffset.is` tell.
 * Source: Graph page "Create deviceInstallState", its table, its example and the published metadata.
 */
export interface DeviceInstallState {
  /** Where the metadata of the answer is. */
  readonly '@odata.context'?: string
  /** Other than a create's, it is not looked at. */
  readonly '@odata.type'?: string
  /** Key of the entity. Opaque, never empty. */
  readonly id: string
  /** Name of the device. Personal. */
  readonly deviceName: string | null
  /** Id of the device. */
  readonly deviceId: string | null
  /** When the device last synchronized: any `Edm.DateTimeOffset`. Ask `DateTimeOffset.is` before you read it. */
  readonly lastSyncDateTime: string
  /** Take it apart with `matchInstallState`. */
  readonly installState: OpenInstallState
  /** Why an installation failed. */
  readonly errorCode: string | null
  /** Version of its operating system. */
  readonly osVersion: string | null
  /** Its operating system, in words. */
  readonly osDescription: string | null
  /** Name of its user. Personal. */
  readonly userName: string | null
}

/** What is required in either direction: strictly for sending, openly for receiving. */
const sharedFields = <Date, State>(
  string: Described<string | null>,
  dateTimeOffset: Described<Date>,
  installState: Described<State>,
) => ({
  deviceName: required(string),
  deviceId: required(string),
  lastSyncDateTime: required(dateTimeOffset),
  installState: required(installState),
  errorCode: required(string),
  osVersion: required(string),
  osDescription: required(string),
  userName: required(string),
})

/** Other properties are kept. Values are not compared with what was sent. */
export const DeviceInstallState: ObjectCodec<DeviceInstallState> = objectCodec<DeviceInstallState>(
  'DeviceInstallState',
  {
    '@odata.context': optional(text),
    '@odata.type': optional(text),
    id: required(key),
    ...sharedFields(nullableText, ODataDateTimeOffset, OpenInstallState),
  },
  'open',
  answerShortcut,
)

/**
 * The body of a create, as a caller sends it. The six strings must be there and may be null; `installState` and
 * `lastSyncDateTime` must be there and may not; `id` and `@odata.type` may be left out. That is the page's table, its
 * example (which has no `id`) and the metadata read together.
 */
export interface DeviceInstallStateCreate {
  /** May be left out. */
  readonly '@odata.type'?: typeof deviceInstallStateType
  /** Key that the entity is to have; Graph's page names it and its example leaves it out. */
  readonly id?: string
  /** Name of the device. Personal. */
  readonly deviceName: string | null
  /** Id of the device. */
  readonly deviceId: string | null
  /** When the device last synchronized. Byte for byte, digits and offset included. */
  readonly lastSyncDateTime: DateTimeOffset
  /** How the eBook stands there. */
  readonly installState: InstallState
  /** Why an installation failed. */
  readonly errorCode: string | null
  /** Version of its operating system. */
  readonly osVersion: string | null
  /** Its operating system, in words. */
  readonly osDescription: string | null
  /** Name of its user. Personal. */
  readonly userName: string | null
}

export const ODataType: Described<typeof deviceInstallStateType> = stringLeaf(
  'ODataType',
  (u): u is typeof deviceInstallStateType => u === deviceInstallStateType,
  deviceInstallStateType,
  'enum',
  { members: [deviceInstallStateType] },
)

/**
 * Any other property is refused, annotations included: Intune answers 400 to undeclared ones, and `@odata.bind` would
 * reach other entities. The length of strings is not checked: the metadata has no MaxLength.
 */
export const DeviceInstallStateCreate: ObjectCodec<DeviceInstallStateCreate> = objectCodec<DeviceInstallStateCreate>(
  'DeviceInstallStateCreate',
  {
    '@odata.type': optional(ODataType),
    id: optional(unicodeText),
    ...sharedFields(nullableUnicodeText, DateTimeOffset, InstallState),
  },
  'closed',
  requestShortcut,
)

/** Does an entity hold a state that is documented? Then it is what Microsoft's own types describe. */
export const hasDocumentedInstallState = (
  entity: DeviceInstallState,
): entity is DeviceInstallState & { readonly installState: InstallState } => InstallState.is(entity.installState)
