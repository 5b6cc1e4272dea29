import { parseArgs } from 'node:util'
import { type UpstreamAuth, upstreamAuths } from './start-world.js'

/** What may be asked of the sandbox. */
export interface Options {
  readonly once: boolean
  readonly keep: boolean
  readonly verbose: boolean
  readonly help: boolean
  readonly upstreamAuth: UpstreamAuth
}

export const usage = `usage: npm start [-- OPTION…]

Starts an identity provider, a double of Microsoft Graph and the proxy on this machine, shows what the proxy does,
and stays up for your own calls until Ctrl-C. Needs no account and no network.

  --once     end after the demonstration
  --keep     leave audit ledger and log where they are when it ends
  --verbose  show the proxy's log, too
  --help     show this
  --upstream-auth app|on-behalf-of|by-caller
             in whose name the proxy calls Graph: its own, the user's who calls (applications are refused), or, as
             without this option, the user's for users and its own for applications

exit code: 0 all was as documented, 1 it was not, or the proxy ended by itself, 64 wrong usage
`

/** Undefined if there is anything else among the arguments. */
export const optionsOf = (args: ReadonlyArray<string>): Options | undefined => {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: flag, keep: flag, verbose: flag, help: flag, 'upstream-auth': { type: 'string' } },
    })
    const { 'upstream-auth': asked = 'by-caller', ...flags } = values
    const upstreamAuth = upstreamAuths.find((known) => known === asked)
    return upstreamAuth === undefined ? undefined : { ...flags, upstreamAuth }
  } catch {
    return undefined
  }
}
