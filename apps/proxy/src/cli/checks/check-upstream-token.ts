import * as E from 'fp-ts/lib/Either.js'
import type { Config } from '../../config/index.js'
import type { UndiciBoundedFetch } from '../../forward/undici-bounded-fetch.js'
import { takeOwnToken } from '../../open-graph.js'
import type { Finding, Findings } from './finding.js'
import { tokenClaims } from './jose-token-claims.js'
import { whatToDo } from './what-to-do.js'

/** Graph, "Create deviceInstallState": no narrower one is documented. */
const needed = 'DeviceManagementApps.ReadWrite.All'

const mostNames = 20

// Whatever else stands there is not told.
const isName = (name: unknown): name is string => typeof name === 'string' && /^[\w.:-]{1,100}$/.test(name)

const asList = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const namesIn = ({ roles, scp }: ReturnType<typeof tokenClaims>): ReadonlyArray<string> =>
  [...asList(roles), ...(typeof scp === 'string' ? scp.split(' ') : [])].filter(isName)

const findingOfMore = (more: ReadonlyArray<string>): Findings =>
  more.length === 0
    ? []
    : [
        {
          check: 'permissions',
          result: 'warn',
          what: `more is granted than is needed: ${more.slice(0, mostNames).join(', ')}${more.length > mostNames ? ', …' : ''}`,
          toDo: 'take these application permissions away from the gateway',
        },
      ]

const ofUsers: Finding = {
  check: 'permissions',
  result: 'unknown',
  about: 'on behalf of users',
  what: `whether ${needed} is granted as a delegated permission shows at the first call of a user`,
}

/** What the application is granted, by a token of its own. */
const permissionsIn = (token: string, { auth, tenantId }: Config['upstream']): Findings => {
  const claims = tokenClaims(token)
  const { tid } = claims
  if (Object.keys(claims).length === 0)
    return [{ check: 'permissions', result: 'unknown', what: 'the token does not tell its permissions' }]
  const names = namesIn(claims)
  const isOfOtherTenant = typeof tid === 'string' && tid.toLowerCase() !== tenantId
  const isNeeded = auth !== 'on-behalf-of'
  return [
    ...(isOfOtherTenant
      ? [
          {
            check: 'permissions' as const,
            result: 'fail' as const,
            about: 'AZURE_TENANT_ID',
            what: 'the token is of another tenant than AZURE_TENANT_ID',
            toDo: 'see in which tenant the credential is',
          },
        ]
      : []),
    ...(isNeeded
      ? [
          names.includes(needed)
            ? { check: 'permissions' as const, result: 'ok' as const, what: `${needed} is granted` }
            : {
                check: 'permissions' as const,
                result: 'fail' as const,
                what: `${needed} is not granted`,
                toDo: 'add it as an application permission of Microsoft Graph, and have an administrator consent',
              },
        ]
      : []),
    ...findingOfMore(isNeeded ? names.filter((name) => name !== needed) : names),
    ...(auth === 'app' ? [] : [ofUsers]),
  ]
}

const causeOf = (error: object): string => ('cause' in error ? String(error.cause) : 'for an unknown reason')

const inWords = {
  clientSecret: 'the client secret',
  certificate: 'the client certificate',
  workloadIdentity: 'the token of the workload',
  managedIdentity: 'the managed identity',
} as const

const ofMachine =
  'see that this host has the managed identity that is named (UPSTREAM_IDENTITY_CLIENT_ID, AZURE_CLIENT_ID), and may reach its endpoint'

const findingOfToken = (
  taken: Awaited<ReturnType<typeof takeOwnToken>>,
  { credential }: Config['upstream'],
  what: string,
): Finding => {
  const check = 'upstreamToken'
  const about = inWords[credential.kind]
  if (E.isRight(taken)) return { check, result: 'ok', about, what: `it is taken: ${what} came` }
  const cause = causeOf(taken.left)
  const hint = credential.kind === 'managedIdentity' ? { toDo: ofMachine } : whatToDo(cause)
  return { check, result: 'fail', about, what: `${what} did not come: ${cause}`, ...hint }
}

const cannotSay: Finding = { check: 'permissions', result: 'unknown', what: 'without a token they cannot be told' }

/**
 * Takes a token for Graph in the gateway's own name, also where Graph is called on behalf of users alone: that proves the credential.
 * There a managed identity is asked for what it vouches with instead, since the token for Graph would be its own.
 */
export const checkUpstreamToken = async (
  upstream: Config['upstream'],
  fetch: UndiciBoundedFetch['fetch'],
): Promise<Findings> => {
  const vouches = upstream.credential.kind === 'managedIdentity' && upstream.auth !== 'app'
  const [own, vouching] = await Promise.all([
    vouches && upstream.auth === 'on-behalf-of' ? undefined : takeOwnToken(upstream, fetch, 'graph'),
    vouches ? takeOwnToken(upstream, fetch, 'vouching') : undefined,
  ])
  return [
    ...(own === undefined ? [] : [findingOfToken(own, upstream, 'a token for Graph')]),
    ...(vouching === undefined
      ? []
      : [findingOfToken(vouching, upstream, 'a token to vouch for the application with')]),
    ...(own === undefined ? [ofUsers] : E.isRight(own) ? permissionsIn(own.right, upstream) : [cannotSay]),
  ]
}
