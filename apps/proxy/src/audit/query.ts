import type { OutcomeKind } from '../domain/outcome.js'
import type { AuditedCall } from './audited-call.js'
import { isIndexedField, type TermName, termOf } from './record-terms.js'

/** A name of `conditionsByName`, or `field:` and the name of a property of the body. */
type ConditionName = keyof typeof conditionsByName | `field:${string}`

/** Something that must be so of a call: what it has by this name is one of these, as they stand in the record. */
export interface Condition {
  readonly name: ConditionName
  /** A value may stand there as a digest by any key there was, or clear. */
  readonly forms: ReadonlyArray<string>
}

/** What to look for. All of it must hold. */
export interface Query {
  /** Of one call. */
  readonly auditId?: string
  readonly conditions: ReadonlyArray<Condition>
  /** RFC 3339 in UTC with milliseconds, both ends included: when the call came. */
  readonly since?: string
  readonly until?: string
}

interface Meaning {
  /** A call may have several of a kind, as an address of its own and one that is claimed. */
  readonly valuesIn: (call: AuditedCall) => ReadonlyArray<string | null | undefined>
  /** What it can be found by; without one, calls are looked at one by one. */
  readonly term?: TermName
  /** The term is in the record of the end, which is of another time than the call. */
  readonly isOfTheEnd?: true
}

/** What can be asked of a call, the rarest first, as far as that can be told beforehand. */
const conditionsByName = {
  graphRequestId: { valuesIn: ({ graphRequestId }) => [graphRequestId], term: 'graphRequestId', isOfTheEnd: true },
  createdId: { valuesIn: ({ createdId }) => [createdId], term: 'createdId', isOfTheEnd: true },
  clientRequestId: { valuesIn: ({ callerRequestId }) => [callerRequestId], term: 'callerRequestId' },
  idempotencyKey: { valuesIn: ({ idempotencyKey }) => [idempotencyKey], term: 'idempotencyKey' },
  userSummary: {
    valuesIn: ({ ids }) => [ids?.['userInstallStateSummaryId']],
    term: 'id:userInstallStateSummaryId',
  },
  book: { valuesIn: ({ ids }) => [ids?.['managedEBookId']], term: 'id:managedEBookId' },
  caller: { valuesIn: ({ caller }) => [caller?.objectId], term: 'caller' },
  app: { valuesIn: ({ caller }) => [caller?.appId], term: 'app' },
  peer: { valuesIn: ({ claimedFor, peer }) => [peer, claimedFor], term: 'peer' },
  code: { valuesIn: ({ code }) => [code], term: 'code', isOfTheEnd: true },
  kind: { valuesIn: ({ kind }) => [kind], term: 'kind' },
  outcome: { valuesIn: ({ outcome }) => [outcome], term: 'outcome', isOfTheEnd: true },
  tenant: { valuesIn: ({ caller }) => [caller?.tenantId] },
  callerKind: { valuesIn: ({ caller }) => [caller?.kind] },
  operation: { valuesIn: ({ operation }) => [operation] },
  version: { valuesIn: ({ version }) => [version] },
} as const satisfies Readonly<Record<string, Meaning>>

const isFieldName = (name: ConditionName): name is `field:${string}` => name.startsWith('field:')

const meaningOf = (name: ConditionName): Meaning => {
  if (!isFieldName(name)) return conditionsByName[name]
  const field = name.slice('field:'.length)
  return { valuesIn: ({ fields }) => [fields?.[field]], ...(isIndexedField(field) ? { term: name } : {}) }
}

const holds =
  (call: AuditedCall) =>
  ({ forms, name }: Condition): boolean =>
    meaningOf(name)
      .valuesIn(call)
      .some((value) => typeof value === 'string' && forms.includes(value))

/** Is it a call that is looked for? */
export const matches =
  ({ auditId, conditions, since = '', until = '~' }: Query) =>
  (call: AuditedCall): boolean =>
    (auditId === undefined || call.auditId === auditId) &&
    call.at >= since &&
    call.at <= until &&
    conditions.every(holds(call))

/** One way to go through a ledger: by the terms of one condition, of which a call has one, or by time alone. */
export interface Way {
  readonly by: ConditionName | 'time'
  /** Undefined: by time. */
  readonly terms: ReadonlyArray<number | undefined>
  readonly since?: string
  readonly until?: string
}

/** An outcome is told at most this long after its intent, and a clock may be set back by as much between the two. */
const slackInMs = 3_600_000

/** Ends that may be written at any time after: when the ledger is opened again, or can be written again. */
const mayComeLate: ReadonlyArray<string> = [
  'indeterminate',
  'notSent',
  'writerEnded',
  'auditUnavailable',
] satisfies ReadonlyArray<OutcomeKind | 'writerEnded' | 'auditUnavailable'>

/** Beyond the year 9999 a time has other digits, and would come before all others. */
const shifted = (at: string, ms: number): string => {
  const text = new Date(Date.parse(at) + ms).toISOString()
  return text.length === at.length ? text : at
}

/** When the record that has the term was written, for a call of the time that is looked for. */
const timesOf = (
  { since, until }: Query,
  { forms }: Condition,
  { isOfTheEnd }: Meaning,
): Pick<Way, 'since' | 'until'> => {
  if (isOfTheEnd === undefined)
    return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
  return {
    ...(since === undefined ? {} : { since: shifted(since, -slackInMs) }),
    ...(until === undefined || forms.some((form) => mayComeLate.includes(form))
      ? {}
      : { until: shifted(until, slackInMs) }),
  }
}

/** No record says that it is open, or that it is a call: those are found by looking. */
const unsaid: ReadonlySet<string> = new Set(['open', 'call'])

/** The ways that lead past every call that is looked for. There is always one: by time. */
export const waysOf = (query: Query): ReadonlyArray<Way> => [
  ...query.conditions.flatMap((condition): ReadonlyArray<Way> => {
    const { forms, name } = condition
    const meaning = meaningOf(name)
    const { term } = meaning
    return term === undefined || forms.some((form) => unsaid.has(form))
      ? []
      : [{ by: name, terms: forms.map((form) => termOf(term, form)), ...timesOf(query, condition, meaning) }]
  }),
  {
    by: 'time',
    terms: [undefined],
    ...(query.since === undefined ? {} : { since: query.since }),
    ...(query.until === undefined ? {} : { until: query.until }),
  },
]
