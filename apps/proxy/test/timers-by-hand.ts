/** Timers that run when they are told to. */
export const timersByHand = () => {
  let timers: Array<{ readonly atMs: number; readonly run: () => void }> = []
  let nowInMs = 0
  return {
    after: (ms: number, run: () => void) => {
      const timer = { atMs: nowInMs + ms, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    monotonicNowInMs: () => nowInMs,
    waiting: () => timers.length,
    /** Lets so much time pass, and all that follows from it happen. */
    pass: async (ms: number): Promise<void> => {
      const endInMs = nowInMs + ms
      for (;;) {
        const due = timers.filter(({ atMs }) => atMs <= endInMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        nowInMs = due.atMs
        timers = timers.filter((other) => other !== due)
        due.run()
        await turns()
      }
      nowInMs = endInMs
      await turns()
    },
  }
}

/** Lets happen what can happen without time passing. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) await new Promise(setImmediate)
}
