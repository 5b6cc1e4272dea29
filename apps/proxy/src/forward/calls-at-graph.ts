/** A call that is with Graph. */
interface SentCall {
  readonly sentAtInMs: number
}

/** The calls that are with Graph, and how long it takes for one of late. Times in milliseconds. */
export interface CallsAtGraph {
  readonly size: () => number
  readonly latencyInMs: () => number
  readonly sent: (nowInMs: number) => SentCall
  /** `isMeasured`: it was with Graph until now. */
  readonly ended: (call: SentCall, nowInMs: number, isMeasured: boolean) => void
  /** When fewer than so many are under way, but for those that take much longer than others do. */
  readonly fewerThanAtInMs: (most: number, nowInMs: number) => number
}

const firstLatencyInMs = 500
const weightOfLast = 0.1
const usualLatencies = 3

export const callsAtGraph = (): CallsAtGraph => {
  // In the order in which they were sent.
  const underWay = new Set<SentCall>()
  let latencyInMs = firstLatencyInMs

  return {
    size: () => underWay.size,
    latencyInMs: () => latencyInMs,
    sent: (nowInMs) => {
      const call = { sentAtInMs: nowInMs }
      underWay.add(call)
      return call
    },
    ended: (call, nowInMs, isMeasured) => {
      underWay.delete(call)
      if (isMeasured) latencyInMs += weightOfLast * (nowInMs - call.sentAtInMs - latencyInMs)
    },
    fewerThanAtInMs: (most, nowInMs) => {
      const usualInMs = usualLatencies * latencyInMs
      const usual = [...underWay].filter(({ sentAtInMs }) => sentAtInMs > nowInMs - usualInMs)
      const oldest = usual.at(-most)
      return oldest === undefined ? nowInMs : oldest.sentAtInMs + usualInMs
    },
  }
}
