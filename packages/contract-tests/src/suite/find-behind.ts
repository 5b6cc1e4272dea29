import type { Interaction } from '../contract/interaction.js'
import type { HttpRequest } from '../exchange/http-exchange.js'
import { breaking, type Finding } from '../report/finding.js'
import { findAtGraph } from './find-in-success.js'
import type { AuditRecord, Observed } from './subject.js'

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

const oneRequest = (
  interaction: Interaction,
  sent: HttpRequest,
  seen: ReadonlyArray<HttpRequest>,
): ReadonlyArray<Finding> => {
  const [first] = seen
  const ofNumber = seen.length === 1 ? [] : [breaking('/graph/requests', 'one request to Graph', String(seen.length))]
  if (first === undefined) return ofNumber
  const isPassedOn = first.headers['authorization'] === sent.headers['authorization']
  return [
    ...ofNumber,
    ...findAtGraph('/graph/request', interaction, first),
    ...(first.headers['authorization'] === undefined || isPassedOn
      ? [
          breaking(
            '/graph/request/headers/authorization',
            'the gateway’s own token',
            isPassedOn ? 'the caller’s' : 'nothing',
          ),
        ]
      : []),
    ...(guid.test(first.headers['client-request-id'] ?? '')
      ? []
      : [breaking('/graph/request/headers/client-request-id', 'a GUID, by which Microsoft finds the call', 'none')]),
  ]
}

const inWords = (records: ReadonlyArray<AuditRecord>): string =>
  records.length === 0 ? 'none' : records.map(({ kind }) => kind).join(', ')

const ofCreate = (records: ReadonlyArray<AuditRecord>): ReadonlyArray<Finding> => {
  const kinds = records.map(({ kind }) => kind)
  if (kinds.join() !== 'intent,outcome') {
    return [breaking('/audit/records', 'an intent, and its outcome', inWords(records))]
  }
  return records[1]?.outcome === 'applied' ? [] : [breaking('/audit/outcome', '"applied"', 'another one')]
}

/** Of callers that proved nothing refusals are, when they are many, counted together. */
const isCounted = ({ _tag }: Interaction['owed']): boolean => _tag !== 'BodyRefused' && _tag !== 'BodyUnreadable'

const ofRefusal = ({ owed }: Interaction, records: ReadonlyArray<AuditRecord>): ReadonlyArray<Finding> =>
  records.map(({ kind }) => kind).join() === 'refusal' || (isCounted(owed) && records.length === 0)
    ? []
    : [breaking('/audit/records', 'one refusal', inWords(records))]

/** What is wrong behind the gateway: at Graph, and in the ledger, as far as either can be looked at. */
export const findBehind = (
  interaction: Interaction,
  isMade: boolean,
  sent: HttpRequest,
  { records, seenByGraph }: Observed,
): ReadonlyArray<Finding> => [
  ...(seenByGraph === undefined
    ? []
    : isMade
      ? oneRequest(interaction, sent, seenByGraph)
      : seenByGraph.length === 0
        ? []
        : [breaking('/graph/requests', 'nothing to reach Graph', String(seenByGraph.length))]),
  ...(records === undefined ? [] : isMade ? ofCreate(records) : ofRefusal(interaction, records)),
]
