import { parseArgs } from 'node:util'

/** What may be asked of the sandbox. */
export interface Options {
  readonly once: boolean
  readonly keep: boolean
  readonly verbose: boolean
  readonly help: boolean
}

export const usage = `usage: npm start [-- OPTION…]

Starts an identity provider, a double of Microsoft Graph and the proxy on this machine, shows what the proxy does,
and stays up for your own calls until Ctrl-C. Needs no account and no network.

  --once     end after the demonstration
  --keep     leave audit ledger and log where they are when it ends
  --verbose  show the proxy's log, too
  --help     show this

exit code: 0 all was as documented, 1 it was not, or the proxy ended by itself, 64 wrong usage
`

/** Undefined if there is anything else among the arguments. */
export const optionsOf = (args: ReadonlyArray<string>): Options | undefined => {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: flag, keep: flag, verbose: flag, help: flag },
    })
    return values
  } catch {
    return undefined
  }
}
