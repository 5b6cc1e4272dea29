import type { Reply } from '../domain/reply.js'

/** What a gateway says of itself to those who want to call it. */
export interface ProtectedResource {
  readonly resource: string
  readonly authorizationServers: ReadonlyArray<string>
  readonly scopes: ReadonlyArray<string>
}

const path = '/.well-known/oauth-protected-resource'

/** Is it a question for the metadata, RFC 9728 §3? It is no call, needs no token, and is not on record. */
export const asksForMetadata = (method: string | undefined, target: string | undefined): boolean =>
  target === path && (method === 'GET' || method === 'HEAD')

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
