import type { StoredEntry } from './audit-reader.js'

/**
 * An entry as JSON, whole: `entry` is the text that was hashed, as it stands in the ledger, so that whoever reads this can hash
 * it again and go along the chain by its `previous`.
 */
export const entryJson = ({ entry, hash, sequence, stream }: StoredEntry): string =>
  `{"stream":${String(stream)},"sequence":${String(sequence)},"hash":${JSON.stringify(hash)},"entry":${entry}}`
