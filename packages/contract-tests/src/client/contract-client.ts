import type { DeviceInstallStateCreate } from '@device-install-state/model'
import type { GraphVersion, OperationName } from '@device-install-state/model/operations'

/** One create, as a client is asked to make it. */
export interface ContractCall {
  /** Where `/v1.0` and `/beta` begin; no slash at its end. On this machine. */
  readonly baseUrl: string
  /** Goes as `Authorization: Bearer`. */
  readonly token: string
  readonly version: GraphVersion
  readonly operation: OperationName
  readonly managedEBookId: string
  /** For `createUserStateSummaryDeviceState`. */
  readonly userInstallStateSummaryId: string
  readonly state: DeviceInstallStateCreate
}

/** What a team's own client must be able to do. */
export interface ContractClient {
  /** Resolves, with whatever it likes, when the state was created; rejects when it was not, or nobody can know. */
  readonly create: (call: ContractCall) => Promise<unknown>
}

export interface ClientOptions {
  /** Those that the client knows. Absent: both. */
  readonly operations?: ReadonlyArray<OperationName>
  /** Absent: both. */
  readonly versions?: ReadonlyArray<GraphVersion>
  /** How long one create may take. Absent: 5000. */
  readonly deadlineInMs?: number
  /** How many states are drawn. Absent: 30. */
  readonly runs?: number
  /** Absent: by chance; it is in the report. */
  readonly seed?: number
  /** Once it is aborted nothing more is asked of the client; what was looked at before is in the report. */
  readonly signal?: AbortSignal
}
