/** A request as it came to the double. */
export interface Arrival {
  readonly method: string
  /** Undecoded, without query. */
  readonly path: string
  /** With its question mark; empty if there is none. */
  readonly query: string
  /** Names in lower case; the values of a header that came twice are joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface JournalEntry extends Arrival {
  readonly at: Date
  /** What was answered; undefined while the answer is under way. */
  readonly status: number | undefined
}

/** All that arrived, in the order in which it did. */
export interface Journal {
  /** Writes the request down and gives what writes down its answer. */
  readonly arrived: (arrival: Arrival, at: Date) => (status: number) => void
  readonly entries: () => ReadonlyArray<JournalEntry>
  readonly clear: () => void
}

export const emptyJournal = (): Journal => {
  const entries = new Map<Arrival, JournalEntry>()
  return {
    arrived: (arrival, at) => {
      entries.set(arrival, { ...arrival, at, status: undefined })
      return (status) => {
        // A journal that was cleared meanwhile stays clear.
        if (entries.has(arrival)) entries.set(arrival, { ...arrival, at, status })
      }
    },
    entries: () => [...entries.values()],
    clear: () => entries.clear(),
  }
}
