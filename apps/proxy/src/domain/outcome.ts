import type { ProxyError } from './proxy-error.js'

/**
 * What became of an intent: `applied` if Graph sent a readable 201 or 200, `notSent` if Graph saw no byte of it,
 * `refused` if Graph sent a status that says it was not done, `indeterminate` in every other case.
 */
export type OutcomeKind = 'applied' | 'refused' | 'notSent' | 'indeterminate'

/** Whether the same call may be made again: proved harmless, later, only after a look at Graph, or in vain. */
export type Retry = 'safe' | 'after' | 'check-first' | 'never'

const outcomes: Readonly<Partial<Record<ProxyError['_tag'], OutcomeKind>>> = {
  GraphConnectionLost: 'indeterminate',
  GraphRedirected: 'indeterminate',
  GraphRouteUnsupported: 'refused',
  GraphRejectedOurToken: 'refused',
  GraphRefused: 'refused',
  GraphFailed: 'indeterminate',
  Unforeseen: 'indeterminate',
}

/** What an error says of the call; before anything was sent, that is always `notSent`. */
export const outcomeOfError = (error: ProxyError): OutcomeKind => {
  if (error._tag === 'GraphTimedOut') return error.sent ? 'indeterminate' : 'notSent'
  if (error._tag === 'GraphAnswerUnreadable') return error.createdId === undefined ? 'indeterminate' : 'applied'
  return outcomes[error._tag] ?? 'notSent'
}
