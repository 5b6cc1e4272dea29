import { parseArgs } from 'node:util'
import * as E from 'fp-ts/lib/Either.js'
import { nearestName } from './nearest-name.js'

/** What the proxy's program can be asked for, besides to serve. */
export type ProxyCommand =
  | { readonly _tag: 'Help'; readonly of: 'program' | 'check-config' }
  | { readonly _tag: 'Version' }
  | { readonly _tag: 'CheckConfig'; readonly online: boolean; readonly json: boolean }

const seeHelp = 'See "device-install-state-proxy --help".'

const options = {
  online: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

const checkConfig = (args: ReadonlyArray<string>): E.Either<string, ProxyCommand> => {
  try {
    const { values } = parseArgs({ args: [...args], options })
    return E.right(
      values.help === true
        ? { _tag: 'Help', of: 'check-config' }
        : { _tag: 'CheckConfig', online: values.online === true, json: values.json === true },
    )
  } catch {
    // What the parser says quotes what was given, which may be a secret.
    return E.left('check-config takes --online, --json and --help, and nothing else.')
  }
}

/** Reads what comes after the program's name; Left says what was wrong with it, and repeats none of it. */
export const proxyCommand = ([name = '', ...args]: ReadonlyArray<string>): E.Either<string, ProxyCommand> => {
  if (name === 'check-config') return checkConfig(args)
  if (name === 'help' && args.length === 1 && args[0] === 'check-config')
    return E.right({ _tag: 'Help', of: 'check-config' })
  if (args.length > 0 && /^(?:help|version|-.*)$/.test(name))
    return E.left(`There is one argument too many. ${seeHelp}`)
  if (['help', '--help', '-h'].includes(name)) return E.right({ _tag: 'Help', of: 'program' })
  if (['version', '--version'].includes(name)) return E.right({ _tag: 'Version' })
  const meant = nearestName(name, ['check-config'])
  return E.left(meant === undefined ? `There is no such command or option. ${seeHelp}` : `Did you mean "${meant}"?`)
}
