import type { IncomingMessage } from 'node:http'
import type * as T from 'fp-ts/lib/Task.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { contextOf, type Reply } from '../domain/reply.js'
import { replyToError } from '../domain/reply-to-error.js'
import type { Conversations, Exchange } from './conversations.js'
import { incomingOf } from './express-listener.js'
import { sendReply } from './send-reply.js'

export interface AuditorHttpPorts {
  readonly answer: (request: IncomingRequest) => T.Task<Reply>
  readonly conversations: Conversations
  readonly newAuditId: () => string
  readonly now: () => Date
  /** Told of our own mistakes. */
  readonly fatal: (error: unknown) => void
}

/** Is it a question of an auditor? */
export const isForAuditors = ({ url }: IncomingMessage): boolean => /^\/audit(?:[/?]|$)/.test(url ?? '')

/** Answers what auditors ask on the admin port. */
export const auditorListener =
  ({ answer, conversations, fatal, newAuditId, now }: AuditorHttpPorts) =>
  (exchange: Exchange): void => {
    const request = incomingOf({ isTrustedProxy: undefined, newAuditId, now }, exchange)
    answer(request)()
      .then((reply) => sendReply(conversations, exchange, reply, false))
      .catch((error: unknown) => {
        const reply = replyToError(contextOf(request, now()), { _tag: 'Unforeseen', cause: error })
        if (!exchange.response.headersSent) sendReply(conversations, exchange, reply, true)
        fatal(error)
      })
  }
