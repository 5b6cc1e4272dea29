import type { Reply } from '../domain/reply.js'

/** What a gateway says of itself to those who want to call it. */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServers: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
}

const path = '/.well-known/oauth-protected-resource'

/** As much of a request as tells whether it is such a question. */
interface Question {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: ReadonlyArray<string>
}

/**
 * Is it a question for the metadata, RFC 9728 §3? It is no call, needs no token, and is not on record. One with two hosts
 * is left to be refused as any request is.
 */
export const asksForMetadata = ({ method, rawHeaders, url }: Question): boolean =>
  url === path &&
  (method === 'GET' || method === 'HEAD') &&
  rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length === 1

/** OAuth 2.0 Protected Resource Metadata, RFC 9728 §2: from whom to get a token, and with which scope. */
export const metadataReply = ({ authorizationServers, resource, scopes }: ProtectedResource): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=3600' },
  body: JSON.stringify({
    resource,
    resource_name: 'Gateway for device install states',
    authorization_servers: authorizationServers,
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
  }),
  code: undefined,
  reason: undefined,
})
