import type { TokenRules } from '../src/authenticate/token-rules.js'
import type { EntraIssuer } from '../src/authenticate/trusted-issuer.js'

/** A tenant of Entra that is trusted, for tests of what is asked of its tokens. */
export const anEntraIssuer: EntraIssuer = {
  kind: 'entra',
  issuer: 'https://login.example/t1/v2.0',
  discovery: 'https://login.example/t1/v2.0',
  tenantId: 't1',
  version: '2.0',
  keyIssuer: 'https://login.example/t1/v2.0',
}

/** What is asked of a token, in the least. */
export const someTokenRules: TokenRules = {
  audiences: ['a1'],
  graphAudiences: [],
  scope: 'P',
  role: 'P',
  appIds: undefined,
  algorithms: ['RS256'],
  tokenTypes: ['JWT'],
  longestLifeInSeconds: 3600,
}
