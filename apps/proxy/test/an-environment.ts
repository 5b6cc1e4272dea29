import { type Config, decodeConfig } from '../src/config/index.js'
import type { ConfigProblem } from '../src/config/config-problem.js'

export const secret = 'hunter2-hunter2'
export const tenantId = '00000000-0000-4000-8000-000000000001'
export const otherTenantId = '00000000-0000-4000-8000-00000000000f'
/** The least that the proxy starts with. */
export const good = {
  CALLER_AUDIENCE: '00000000-0000-4000-8000-000000000002',
  AZURE_TENANT_ID: tenantId,
  AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000003',
  AZURE_CLIENT_SECRET: secret,
  AUDIT_DIRECTORY: '/var/lib/audit',
}

export type Variables = Readonly<Record<string, string | undefined>>

export const problemsIn = (environment: Variables): ReadonlyArray<ConfigProblem> => {
  const decoded = decodeConfig(environment)
  return decoded._tag === 'Left' ? decoded.left : []
}

export const configOf = (change: Variables = {}): Config => {
  const decoded = decodeConfig({ ...good, ...change })
  if (decoded._tag === 'Left') throw new Error(JSON.stringify(decoded.left))
  return decoded.right
}
