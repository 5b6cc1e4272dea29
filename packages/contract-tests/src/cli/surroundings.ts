/** Where a command's text goes. */
export interface Output {
  readonly write: (text: string) => void
  readonly isTerminal: boolean
}

/** What a command line has of the process it runs in. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdout: Output
  readonly stderr: Output
  /** Aborted when whoever started it wants it to end: soon, in order, with what there is. */
  readonly interruption: AbortSignal
}
