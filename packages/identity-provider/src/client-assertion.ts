import { createHash, type X509Certificate } from 'node:crypto'

import { decodeJwt, errors, type JWTVerifyOptions, jwtVerify } from 'jose'

import { invalidClient, malformedRequest } from './entra-error.js'
import type { FederatedCredential } from './identity-provider-options.js'

/** A client assertion as it came, with what it says of itself. Nothing of it is proven. */
export interface ClientAssertion {
  readonly jwt: string
  readonly issuer: string | undefined
  readonly subject: string | undefined
}

export const readClientAssertion = (jwt: string): ClientAssertion => {
  try {
    const { iss: issuer, sub: subject } = decodeJwt(jwt)
    return { jwt, issuer, subject }
  } catch {
    return { jwt, issuer: undefined, subject: undefined }
  }
}

/**
 * Whether the client speaks for itself, with the key of its certificate. Everyone else who speaks for it has to be
 * known by a federated credential.
 */
export const isSelfIssued = ({ issuer, subject }: ClientAssertion, clientId: string): boolean =>
  issuer === clientId || (issuer === undefined && subject === clientId)

/**
 * Proves that whoever has the key of the client's certificate made the assertion, for this tenant, RFC 7523 §3.
 * Does not look at `jti`, so that an assertion can be used again while it is valid, as in Entra.
 */
export const verifySelfIssued = async (
  { jwt }: ClientAssertion,
  clientId: string,
  certificate: X509Certificate | undefined,
  audience: Array<string>,
): Promise<void> => {
  if (certificate === undefined) {
    throw invalidClient(700027, 'The client has no certificate, so that its assertion has no valid signature.')
  }
  const { publicKey, raw } = certificate
  const options = { algorithms: ['RS256', 'PS256'], issuer: clientId, subject: clientId, audience }
  await verify(
    jwt,
    (header) => {
      const thumbprints = [
        [header['x5t'], createHash('sha1').update(raw).digest('base64url')],
        [header['x5t#S256'], createHash('sha256').update(raw).digest('base64url')],
      ].filter(([presented]) => presented !== undefined)
      if (thumbprints.length === 0 || thumbprints.some(([presented, actual]) => presented !== actual)) {
        throw invalidClient(700027, 'The certificate that signed the client assertion is not registered.')
      }
      return publicKey
    },
    options,
    (claim) =>
      claim === 'aud'
        ? invalidClient(700023, 'The audience of the client assertion does not match this tenant.')
        : invalidClient(700021, 'Issuer and subject of the client assertion must be the client.'),
  )
}

/** Proves that the assertion is the one that the client's federated credential speaks of. */
export const verifyFederated = async (
  { jwt }: ClientAssertion,
  credential: FederatedCredential | undefined,
): Promise<void> => {
  const noMatch = () => invalidClient(70021, 'No matching federated identity record found for presented assertion.')
  if (credential === undefined) {
    throw noMatch()
  }
  const { issuer, subject, audience, publicKey } = credential
  await verify(jwt, () => publicKey, { algorithms: ['RS256'], issuer, subject, audience }, noMatch)
}

type KeyLookup = Extract<Parameters<typeof jwtVerify>[1], (...given: never) => unknown>

const verify = async (
  jwt: string,
  keyOf: KeyLookup,
  options: JWTVerifyOptions,
  mismatch: (claim: string) => Error,
): Promise<void> => {
  try {
    // MSAL rounds the time, so half of its assertions begin up to half a second from now.
    await jwtVerify(jwt, keyOf, { ...options, requiredClaims: ['exp'], clockTolerance: 1 })
  } catch (error) {
    throw refusalOf(error, mismatch)
  }
}

const refusalOf = (error: unknown, mismatch: (claim: string) => Error): unknown => {
  if (error instanceof errors.JWTExpired || (error instanceof errors.JWTClaimValidationFailed && isTime(error.claim))) {
    return invalidClient(700024, 'Client assertion is not within its valid time range.')
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return mismatch(error.claim)
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return malformedRequest('The client assertion is not a JWT.')
  }
  return error instanceof errors.JOSEError
    ? invalidClient(700027, 'The signature of the client assertion is not valid.')
    : error
}

const isTime = (claim: string): boolean => claim === 'nbf' || claim === 'exp' || claim === 'iat'
