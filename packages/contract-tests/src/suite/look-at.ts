import type { Interaction } from '../contract/interaction.js'
import type { HttpAnswer, HttpRequest } from '../exchange/http-exchange.js'
import type { Finding } from '../report/finding.js'
import { findBehind } from './find-behind.js'
import { findInCorrelation, findInGatewaysWord } from './find-in-correlation.js'
import { findInRefusal } from './find-in-refusal.js'
import { findInCreated, findInValidated } from './find-in-success.js'
import { headersOf } from './headers-of.js'
import type { Observed, Subject } from './subject.js'

/** Whether creates are made, or only validated: RFC 7240, and the gateway's own value of `handling`. */
export type Handling = 'create' | 'validate-only'

/** What came of one interaction. */
export interface LookedAt {
  readonly request: HttpRequest
  readonly answer: HttpAnswer
  readonly findings: ReadonlyArray<Finding>
}

export const requestOf = (
  interaction: Pick<Interaction, 'body' | 'headers' | 'method' | 'path' | 'token'>,
  handling: Handling,
  token: string,
): HttpRequest => {
  const { body, method, path } = interaction
  return {
    method,
    path,
    headers: {
      ...headersOf(interaction, token),
      ...(handling === 'validate-only' ? { prefer: 'handling=validate-only' } : {}),
      'client-request-id': crypto.randomUUID(),
    },
    body,
  }
}

const findInAnswer = (
  { side }: Pick<Subject, 'side'>,
  interaction: Interaction,
  handling: Handling,
  answer: HttpAnswer,
): ReadonlyArray<Finding> => {
  const { name, owed } = interaction
  if (owed._tag === 'Created') {
    return handling === 'create' ? findInCreated(interaction, answer) : findInValidated(interaction, answer)
  }
  return [
    ...findInRefusal(side, { name, owed }, answer),
    ...(side === 'gateway' && answer.status >= 400 ? findInGatewaysWord(answer) : []),
  ]
}

const observe = async (subject: Subject, answer: HttpAnswer): Promise<Observed> => {
  const auditId = answer.headers['audit-id']
  return {
    seenByGraph: subject.seenByGraph?.(),
    records:
      subject.recordsOf === undefined ? undefined : auditId === undefined ? [] : await subject.recordsOf(auditId),
  }
}

/** Sends one interaction, and holds what comes of it against the contract, on every side that can be looked at. */
export const lookAt = async (
  subject: Subject,
  interaction: Interaction,
  handling: Handling,
  send = subject.send,
): Promise<LookedAt> => {
  subject.seenByGraph?.()
  const request = requestOf(interaction, handling, subject.token)
  const answer = await send(request)
  const isMade = interaction.owed._tag === 'Created' && handling === 'create'
  const behind =
    subject.side === 'gateway' ? findBehind(interaction, isMade, request, await observe(subject, answer)) : []
  return {
    request,
    answer,
    findings: [
      ...findInAnswer(subject, interaction, handling, answer),
      ...findInCorrelation(subject.side, request, answer),
      ...behind,
    ],
  }
}
