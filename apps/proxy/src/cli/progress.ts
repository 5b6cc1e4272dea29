/** Where progress is shown. */
export interface ProgressSink {
  readonly isTerminal: boolean
  readonly write: (text: string) => void
  readonly nowInMs: () => number
}

export interface Progress {
  readonly tell: (text: string) => void
  /** Takes a line that stands there away, for other text to come. */
  readonly clear: () => void
}

const everyInMs = { onTerminal: 100, elsewhere: 5_000 }

/** On a terminal one line that changes; elsewhere, in a log say, a line every five seconds, and none before the first five. */
export const progressOn = ({ isTerminal, nowInMs, write }: ProgressSink): Progress => {
  let toldInMs = nowInMs()
  let isShown = false
  return {
    tell: (text) => {
      const now = nowInMs()
      if (now - toldInMs < (isTerminal ? everyInMs.onTerminal : everyInMs.elsewhere)) return
      toldInMs = now
      isShown = isTerminal
      write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`)
    },
    clear: () => {
      if (isShown) write('\r\u001b[K')
      isShown = false
    },
  }
}
