// The postings of a span lie in so many rows, by the last bits of the term: one row is read for a term, and few are written.
export const buckets = 64

/** Above every term: 38 bits. */
export const termLimit = buckets * 2 ** 32

const bytesEach = 6

export const bucketOf = (term: number): number => term % buckets

const restOf = (term: number): number => Math.floor(term / buckets)

/** One bucket of a span, in the making. */
export class Postings {
  #bytes = new DataView(new ArrayBuffer(96 * bytesEach))
  #length = 0

  /** `offset` is how far from the first record of the span, below 65,536. */
  add(term: number, offset: number): void {
    if (this.#length === this.#bytes.byteLength) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(new Uint8Array(this.#bytes.buffer))
      this.#bytes = new DataView(larger.buffer)
    }
    this.#bytes.setUint32(this.#length, restOf(term), true)
    this.#bytes.setUint16(this.#length + 4, offset, true)
    this.#length += bytesEach
  }

  /** The rest of each term (32 bits) and its offset (16 bits), little-endian, in the order of the records. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length)
  }
}

const viewOf = ({ buffer, byteLength, byteOffset }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/** The records of a span that have a term, in order, given the term's bucket. */
export const offsetsOf = (term: number, bytes: Uint8Array): ReadonlyArray<number> => {
  const view = viewOf(bytes)
  const rest = restOf(term)
  const offsets: Array<number> = []
  for (let at = 0; at < view.byteLength; at += bytesEach)
    if (view.getUint32(at, true) === rest) offsets.push(view.getUint16(at + 4, true))
  return offsets
}

/** All of a bucket, as pairs. */
export const postingsIn = (
  bucket: number,
  bytes: Uint8Array,
): ReadonlyArray<readonly [term: number, offset: number]> => {
  const view = viewOf(bytes)
  return Array.from({ length: Math.floor(view.byteLength / bytesEach) }, (_, index) => {
    const at = index * bytesEach
    return [view.getUint32(at, true) * buckets + bucket, view.getUint16(at + 4, true)] as const
  })
}

/** All postings of a bucket, to be asked whether a term is with a record. */
export class PostingSet {
  readonly #keys = new Set<number>()

  constructor(bytes: Uint8Array) {
    const view = viewOf(bytes)
    for (let at = 0; at + bytesEach <= view.byteLength; at += bytesEach)
      this.#keys.add(view.getUint32(at, true) * 0x1_0000 + view.getUint16(at + 4, true))
  }

  has(term: number, offset: number): boolean {
    return this.#keys.has(restOf(term) * 0x1_0000 + offset)
  }
}
