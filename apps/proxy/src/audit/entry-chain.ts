/** A digest of a text's UTF-8 bytes, in base64: 44 characters. */
export type Sha256 = (text: string) => string

/** The last entry of a stream: where the next one joins. */
export interface Head {
  readonly sequence: number
  readonly hash: string
}

/** Which stream of which ledger: what the first entry, and every checkpoint, is bound to. */
export const originOf = (ledgerId: string, stream: number): string =>
  `device-install-state.audit/${ledgerId}/${String(stream)}`

/** Before the first entry. */
export const genesisOf = (sha256: Sha256, origin: string): Head => ({ sequence: 0, hash: sha256(origin) })

/** Who writes where. */
export interface Seat {
  readonly stream: number
  /** Names one run of one process. */
  readonly writer: string
}

const beginning = (head: Head): string => `{"previous":"${head.hash}","record":`
const ending = ({ stream, writer }: Seat, sequence: number): string =>
  `,"sequence":${String(sequence)},"stream":${String(stream)},"writer":"${writer}"}`

/**
 * The entry that keeps a record: canonical JSON (RFC 8785) of `previous`, `record`, `sequence`, `stream` and `writer`,
 * given the canonical JSON of the record. Its hash is SHA-256 of this text, and `previous` is the hash of the entry before.
 */
export const entryOf = (head: Head, seat: Seat, record: string): string =>
  `${beginning(head)}${record}${ending(seat, head.sequence + 1)}`

const tail = /,"sequence":(\d{1,16}),"stream":(\d{1,9}),"writer":"([0-9a-f-]{36})"\}$/
const beginningLength = beginning({ sequence: 0, hash: '' }).length + 44

/** An entry taken apart, its record left as the text it is. */
export interface ReadEntry {
  readonly previous: string
  readonly record: string
  readonly sequence: number
  readonly stream: number
  readonly writer: string
}

/** Undefined when the text is not of the form that `entryOf` gives. Whether the record is JSON is not looked at. */
export const readEntry = (entry: string): ReadEntry | undefined => {
  const found = tail.exec(entry)
  const previous = entry.slice('{"previous":"'.length, '{"previous":"'.length + 44)
  if (found === null || !entry.startsWith(beginning({ sequence: 0, hash: previous }))) return undefined
  const [, sequence, stream, writer = ''] = found
  return {
    previous,
    record: entry.slice(beginningLength, found.index),
    sequence: Number(sequence),
    stream: Number(stream),
    writer,
  }
}
