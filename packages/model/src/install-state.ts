import { DescribedType } from './described-type.js'

/**
 * The install state of an eBook on a device. `unknown` is a member like the others: Graph says of a device that its
 * state is unknown. Source: Graph page "Create deviceInstallState", enum `microsoft.graph.installState` (closed, no
 * `unknownFutureValue`).
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

const members: ReadonlySet<unknown> = new Set(installStates)

/** For sending: one of the documented members, spelled as they are. Case matters. */
export const InstallState: DescribedType<InstallState> = new DescribedType(
  'InstallState',
  (u): u is InstallState => members.has(u),
  { mismatch: 'enum', expected: `one of: ${installStates.join(', ')}` },
)
