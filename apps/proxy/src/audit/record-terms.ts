import { deviceInstallStateFields } from '@device-install-state/model/fields'
import { type AuditRecord, isValidation } from './audit-record.js'
import { termLimit } from './term-postings.js'

/** What calls can be found by. Values of fields are as they stand in the record: digests, mostly. */
export type TermName =
  | 'app'
  | 'caller'
  | 'callerRequestId'
  | 'code'
  | 'createdId'
  | 'graphRequestId'
  | 'idempotencyKey'
  | 'kind'
  | 'outcome'
  | 'peer'
  | `id:${string}`
  | `field:${string}`

type NamedValue = readonly [name: TermName, value: string]

/** Can calls be found by the value of this property of the body? */
export const isIndexedField = (field: string): boolean => {
  const known: Readonly<Record<string, { readonly class: string }>> = deviceInstallStateFields
  const fieldClass = known[field]?.class
  return fieldClass === 'identifier' || fieldClass === 'personal'
}

const some = (name: TermName, value: string | undefined): ReadonlyArray<NamedValue> =>
  value === undefined || value === '' ? [] : [[name, value]]

const idsOf = (ids: Readonly<Record<string, string>> = {}): ReadonlyArray<NamedValue> =>
  Object.entries(ids).map(([name, value]) => [`id:${name}`, value])

/** What a record can be found by, as names and values. */
const namedTermsOf = (record: AuditRecord): ReadonlyArray<NamedValue> => {
  switch (record.kind) {
    case 'intent':
      return [
        ['caller', record.caller.objectId],
        ...some('app', record.caller.appId),
        ...some('callerRequestId', record.callerRequestId),
        ...some('peer', record.peer),
        ...some('peer', record.claimedFor),
        ...some('idempotencyKey', record.idempotencyKey),
        ...idsOf(record.ids),
        ...Object.entries(record.fields).flatMap(([name, value]) =>
          isIndexedField(name) ? some(`field:${name}`, value ?? undefined) : [],
        ),
      ]
    case 'outcome':
      return [
        ['outcome', record.outcome],
        ...some('code', record.code),
        ...some('createdId', record.createdId),
        ...some('graphRequestId', record.graphRequestId),
      ]
    case 'refusal':
    case 'replay':
      return [
        ['kind', record.kind === 'refusal' && isValidation(record) ? 'validation' : record.kind],
        ...some('caller', record.caller?.objectId),
        ...some('app', record.caller?.appId),
        ...some('callerRequestId', record.callerRequestId),
        ...some('peer', record.peer),
        ...some('peer', record.claimedFor),
        ...(record.kind === 'refusal' ? some('code', record.code) : []),
        ...idsOf(record.ids),
      ]
    case 'connection':
      return [['kind', record.kind], ['code', record.code], ...some('peer', record.peer)]
    case 'refusals':
    case 'lifecycle':
    case 'checkpoint':
      return [['kind', record.kind]]
  }
}

/**
 * A name and a value as a number below 2^38. Two may share one (they are digested by FNV-1a, twice, not by anything that
 * withstands intent), so whoever looks something up by its term compares the record that it finds.
 */
export const termOf = (name: TermName, value: string): number => {
  let low = 0x811c9dc5
  let high = 0x01000193
  const text = `${name}\0${value}`
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  high ^= high >>> 15
  return ((high & 0x3f) * 0x1_0000_0000 + (low >>> 0)) % termLimit
}

export const termsOf = (record: AuditRecord): ReadonlyArray<number> =>
  namedTermsOf(record).map(([name, value]) => termOf(name, value))

/** Of a record that was read back: none when it is not what its kind says, which is for the verifier to tell. */
export const termsOfKept = (record: AuditRecord): ReadonlyArray<number> => {
  try {
    return termsOf(record)
  } catch {
    return []
  }
}
