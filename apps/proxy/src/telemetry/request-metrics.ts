import type { RequestEnd, RequestLogEntry } from '../ports.js'
import type { Attributes, Metrics } from './instruments.js'

const outcomes: ReadonlyArray<RequestEnd> = ['applied', 'refused', 'notSent', 'indeterminate']

/** Semantic conventions: what went wrong, where it was not the caller's fault. */
const errorTypeOf = ({ code, status }: RequestLogEntry): Attributes =>
  status >= 500 && code !== undefined ? { 'error.type': code } : {}

/** The figures of one request. Every attribute is from a list of ours: what a caller sends adds none. */
export const requestMetrics = ({
  count,
  measure,
}: Pick<Metrics, 'count' | 'measure'>): ((entry: RequestLogEntry) => void) => {
  // There from the beginning, so that the first of a kind is seen as a step.
  for (const outcome of outcomes) count('outcomes', { outcome }, 0)
  return (entry) => {
    const { code = 'none', durationInMs, end, method, route, status } = entry
    if (end !== 'connection')
      measure('serverDuration', durationInMs / 1000, {
        'http.request.method': method,
        ...(route === undefined ? {} : { 'http.route': route }),
        'http.response.status_code': status,
        ...errorTypeOf(entry),
      })
    if (outcomes.includes(end)) {
      count('outcomes', { outcome: end })
      if (end !== 'applied') count('failures', { code })
    } else if (end === 'replay') count('replays')
    else if (end === 'validation') count('validations')
    else count('refusals', { code })
  }
}
