import type { HttpAnswer, HttpRequest } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { readError } from './find-in-error.js'
import type { Side } from './subject.js'

const namesOf: Readonly<Record<Side, ReadonlyArray<string>>> = {
  gateway: ['audit-id', 'request-id', 'client-request-id'],
  graph: ['request-id', 'client-request-id'],
}

const inError: Readonly<Record<string, string>> = { 'audit-id': 'auditId' }

const shown = (value: unknown): string => (value === undefined ? 'nothing' : 'another one')

/** The ids by which caller, operator and Microsoft find one call: in the headers, and the same in an error. */
export const findInCorrelation = (side: Side, request: HttpRequest, answer: HttpAnswer): ReadonlyArray<Finding> => {
  const names = namesOf[side]
  const inHeaders = names
    .filter((name) => answer.headers[name] === undefined || answer.headers[name] === '')
    .map((name) => breaking(`/answer/headers/${name}`, 'an id', 'nothing'))
  const sent = request.headers['client-request-id']
  const echoed = answer.headers['client-request-id']
  const ofCaller =
    sent === undefined || echoed === undefined || echoed === sent
      ? []
      : [breaking('/answer/headers/client-request-id', 'the id that was sent', 'another one')]
  if (answer.status < 400) return [...inHeaders, ...ofCaller]

  const read = readError(answer)
  if (read._tag === 'Unreadable') return [...inHeaders, ...ofCaller]
  const inBody = names.flatMap((name) => {
    const member = inError[name] ?? name
    const value = read.innerError[member]
    const header = answer.headers[name]
    return header === undefined || value === header
      ? []
      : [breaking(`/answer/body/error/innerError/${member}`, `the id of the header ${name}`, shown(value))]
  })
  return [...inHeaders, ...ofCaller, ...inBody]
}

const retries = new Set(['safe', 'after', 'check-first', 'never'])

/** What the gateway says of its own refusals: that nothing was sent, and whether to send it again. */
export const findInGatewaysWord = (answer: HttpAnswer): ReadonlyArray<Finding> => {
  const read = readError(answer)
  if (read._tag === 'Unreadable') return []
  const { outcome, retry, source } = read.innerError
  const place = '/answer/body/error/innerError'
  return [
    ...(outcome === 'notSent' ? [] : [breaking(`${place}/outcome`, '"notSent"', shown(outcome))]),
    ...(source === 'gateway' ? [] : [breaking(`${place}/source`, '"gateway"', shown(source))]),
    ...(typeof retry === 'string' && retries.has(retry)
      ? []
      : [breaking(`${place}/retry`, 'safe, after, check-first or never', shown(retry))]),
  ]
}
