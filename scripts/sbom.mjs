// Writes the bill of materials (CycloneDX) of the proxy, as it is deployed from the lock file; beside its sources, so that it
// is in what is packed.
import { writeFileSync } from 'node:fs'
import { sbomOf } from '../packages/checks/src/sbom.ts'

const [file = 'apps/proxy/sbom.cdx.json'] = process.argv.slice(2)

const sbom = await sbomOf('@device-install-state/proxy')
writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`)
console.log(`${file}: ${sbom.components.length} components, CycloneDX ${sbom.specVersion}`)
