import { errors, type JWTPayload, jwtVerify } from 'jose'

import { EntraError, interactionRequired, invalidGrant } from './entra-error.js'
import type { Api, Client, User } from './identity-provider-options.js'
import type { SigningKeys } from './signing-keys.js'

/** What is known where an assertion is to be redeemed. */
export interface Redeemer {
  readonly signingKeys: SigningKeys
  /** Of this tenant: in v1.0 and in v2.0 tokens. */
  readonly issuers: ReadonlyArray<string>
  readonly apis: ReadonlyArray<Api>
  readonly users: ReadonlyArray<User>
}

/**
 * The user whose token a client got as an API, and now brings along to act for them.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow
 */
export const userOfAssertion = async (redeemer: Redeemer, client: Client, assertion: string): Promise<User> => {
  const claims = await genuineClaims(redeemer, assertion)
  if (!audiencesOf(client, redeemer.apis).some((audience) => audience === claims.aud)) {
    throw invalidGrant(500131, 'Assertion audience does not match the client app that presents it.')
  }
  if (claims['scp'] === undefined) {
    throw invalidGrant(7000114, 'The application is not allowed to make application on-behalf-of calls.')
  }
  const user = redeemer.users.find(({ objectId }) => objectId === claims['oid'])
  if (user === undefined) {
    throw invalidGrant(50013, 'Assertion is of a user that this tenant does not know.')
  }
  if (user.mustInteract === true && !satisfiesPolicy(claims)) {
    throw interactionRequired(claimsChallenge)
  }
  return user
}

const genuineClaims = async ({ signingKeys, issuers }: Redeemer, assertion: string): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(
      assertion,
      ({ kid }) => {
        const key = signingKeys.published().find((published) => published.kid === kid)
        if (key === undefined) {
          throw invalidGrant(50013, 'Assertion is signed with a key that is not published.')
        }
        return key.publicKey
      },
      { algorithms: ['RS256'], issuer: [...issuers], requiredClaims: ['exp'] },
    )
    return payload
  } catch (error) {
    if (error instanceof EntraError) {
      throw error
    }
    throw isAboutTime(error)
      ? invalidGrant(500133, 'Assertion is not within its valid time range.')
      : invalidGrant(50013, 'Assertion failed signature validation, or is not of this tenant.')
  }
}

const isAboutTime = (error: unknown): boolean =>
  error instanceof errors.JWTExpired || (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf')

// A client that is an API is known as such by its own id, and in v1.0 tokens by its app ID URI.
const audiencesOf = ({ clientId }: Client, apis: ReadonlyArray<Api>): ReadonlyArray<string> =>
  apis
    .filter(({ audience }) => audience === clientId)
    .map(({ accessTokenVersion, appIdUri, audience }) => (accessTokenVersion === 1 ? appIdUri : audience))

// The one policy of Conditional Access there is. Entra's has a GUID for each.
const policyId = '7a4f6e0c-8d11-4c1b-9a55-1c7e3f0b2d68'

/** What a user's token must be asked for with, once on-behalf-of was refused. */
const claimsChallenge = JSON.stringify({ access_token: { capolids: { essential: true, values: [policyId] } } })

const satisfiesPolicy = ({ acrs }: JWTPayload): boolean => Array.isArray(acrs) && acrs.includes(policyId)

/** `acrs` of a token that was asked for with a claims challenge: the user counts as having done what it wants. */
export const acrsFor = (claimsParameter: string | undefined): ReadonlyArray<string> =>
  claimsParameter?.includes(policyId) === true ? [policyId] : []
