import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateFile, type PartySettings, startUpstream, type Upstream } from './party.ts'
import { issuerAround, surroundingsOf } from './world.ts'

/** What everyone needs around them: a folder, who answers as Graph, and who issues tokens. Goes with the stack. */
export const startWorld = async (
  stack: AsyncDisposableStack,
): Promise<{ readonly settings: PartySettings; readonly upstream: Upstream }> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const upstream = await startUpstream()
  stack.defer(upstream.stop)
  const identityProvider = await issuerAround(upstream.url)
  stack.defer(identityProvider.stop)
  const publicKeyFile = join(folder, 'key.pem')
  writeFileSync(publicKeyFile, identityProvider.signingKey.publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(join(folder, certificateFile), identityProvider.certificate ?? '')
  const surroundings = surroundingsOf(upstream.url, identityProvider, publicKeyFile)
  return { settings: { folder, surroundings, identityProvider }, upstream }
}
