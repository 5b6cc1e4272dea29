import { documentedExample } from '@device-install-state/model/fields'
import { createOf } from '../contract/interactions.js'
import type { Interaction } from '../contract/interaction.js'
import type { Place } from '../contract/places.js'
import { CouldNotRun } from '../could-not-run.js'
import type { HttpAnswer } from '../exchange/http-exchange.js'
import { shownAs } from '../report/shown-of.js'
import { type ErrorRead, readError, shownCode } from './find-in-error.js'
import { requestOf } from './look-at.js'
import type { Side, Subject } from './subject.js'

const isHtml = ({ body, headers }: HttpAnswer): boolean =>
  /html/i.test(headers['content-type'] ?? '') || /^\s*<(?:!doctype|html)/i.test(body)

const sideOf = (answer: HttpAnswer, read: ErrorRead): Side | undefined => {
  if (read._tag === 'Unreadable') return undefined
  const { auditId, source } = read.innerError
  if (answer.headers['audit-id'] !== undefined || auditId !== undefined || source === 'gateway') return 'gateway'
  return answer.headers['request-id'] === undefined && read.innerError['request-id'] === undefined ? undefined : 'graph'
}

const mustBe = (side: Side, answer: HttpAnswer): void => {
  const told = `It answers ${String(answer.status)}`
  if (isHtml(answer)) {
    throw new CouldNotRun(
      `The target answers with HTML, which neither Graph nor the gateway does. ${told}. Is the address right, and is there a login page or a proxy in between?`,
    )
  }
  const found = sideOf(answer, readError(answer))
  if (found === side) return
  if (found === undefined) {
    throw new CouldNotRun(
      `The target does not answer like ${side === 'gateway' ? 'the gateway' : 'Graph'}: a call without token should get a 401 in Graph’s shape. ${told}, ${shownAs(undefined, answer.headers['content-type'])} as content type. Is the address right? It goes without /v1.0 or /beta.`,
    )
  }
  throw new CouldNotRun(
    side === 'gateway'
      ? 'The target answers like Graph itself, not like the gateway. With --side graph it is held against Graph’s contract.'
      : 'The target answers like the gateway, not like Graph itself. With --side gateway it is held against the gateway’s contract.',
  )
}

// A target may quote the token that it does not take, or a part of it.
const withoutToken = (text: string, token: string): string =>
  [token, ...token.split('.')]
    .filter((part) => part.length > 3)
    .reduce((rest, part) => rest.replaceAll(part, '…'), text)

const whyRefused = (read: ErrorRead, token: string): string => {
  if (read._tag === 'Unreadable') return 'It does not say why.'
  const { code, message } = read.error.error
  const words = withoutToken(message, token).replaceAll(/[^\x20-\x7E…]/g, ' ')
  return `It says ${shownCode(code)}: ${words.length > 500 ? `${words.slice(0, 500)}…` : words}`
}

/**
 * Whether the target is what it is taken for, and takes the token: asked with what cannot create anything, since no body
 * of it can be read. Rejects with `CouldNotRun`, which says what to do.
 */
export const probe = async (
  { send, side, token }: Pick<Subject, 'send' | 'side' | 'token'>,
  place: Place,
): Promise<void> => {
  const unreadable: Interaction = createOf(place, 'probe', documentedExample.request.slice(0, -1))
  const handling = side === 'gateway' ? 'validate-only' : 'create'
  mustBe(side, await send(requestOf({ ...unreadable, token: 'none' }, handling, token)))

  const answer = await send(requestOf(unreadable, handling, token))
  if (answer.status === 401 || answer.status === 403) {
    throw new CouldNotRun(
      `The target does not take the token (${String(answer.status)}). ${whyRefused(readError(answer), token)} Get one for ${side === 'gateway' ? 'the gateway’s audience, with the permission it asks for' : 'Graph, with DeviceManagementApps.ReadWrite.All'}.`,
    )
  }
}
