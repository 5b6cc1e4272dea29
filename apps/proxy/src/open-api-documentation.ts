import type { Config } from './config/index.js'
import { type ApiDocumentation, expressApiDocumentation } from './http/express-api-documentation.js'
import { metadataReply } from './http/protected-resource-metadata.js'
import { version } from './node-package-version.js'
import type { DescribedGateway } from './openapi/openapi-document.js'

const describedIn = ({ callers, upstream }: Config): DescribedGateway => ({
  version,
  graphVersions: upstream.graphVersions,
  graphUrl: upstream.graphUrl,
  issuers: callers.issuers,
  audiences: callers.rules.audiences,
  scope: callers.rules.scope,
  role: callers.rules.role,
  countsCalls: callers.rateLimit !== undefined,
  published: callers.metadata,
  metadata: callers.metadata && JSON.parse(metadataReply(callers.metadata).body),
})

/** The API of this proxy, for tools and for people. The document is made, and what makes it is loaded, when it is first asked for. */
export const openApiDocumentation = (config: Config): ApiDocumentation => {
  let made: Promise<string> | undefined
  const make = async (): Promise<string> => {
    const { openApiDocument } = await import('./openapi/openapi-document.js')
    return JSON.stringify(openApiDocument(describedIn(config)))
  }
  return expressApiDocumentation(() => (made ??= make()))
}
