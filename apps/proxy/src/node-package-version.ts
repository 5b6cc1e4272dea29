import { readFileSync } from 'node:fs'

const versionIn = (packageJson: unknown): string =>
  typeof packageJson === 'object' && packageJson !== null && 'version' in packageJson
    ? String(packageJson.version)
    : '0'

/** Of this package. */
export const version = versionIn(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))
