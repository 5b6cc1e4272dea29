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

const everyInMs = 100

/** On a terminal one line that changes; elsewhere, in a log say, nothing: the results tell enough. */
export const progressOn = ({ isTerminal, nowInMs, write }: ProgressSink): Progress => {
  let toldInMs = Number.NEGATIVE_INFINITY
  let isShown = false
  return {
    tell: (text) => {
      if (!isTerminal || nowInMs() - toldInMs < everyInMs) return
      toldInMs = nowInMs()
      isShown = true
      write(`\r\u001b[K${text}`)
    },
    clear: () => {
      if (isShown) write('\r\u001b[K')
      isShown = false
    },
  }
}
