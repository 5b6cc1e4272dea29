import { decodeConfigWith } from './decode-config.js'
import { readSecretFile } from './node-secret-file.js'

/** Decodes the environment, with the secrets that are in files, which are read now and never again. */
export const decodeConfig: ReturnType<typeof decodeConfigWith> = decodeConfigWith(readSecretFile)
