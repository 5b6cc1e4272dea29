import { installStates, type Problem } from '@device-install-state/model'
import { deviceInstallStateFields, type Field, type FieldClass } from '@device-install-state/model/fields'

const fields: ReadonlyMap<string, Field> = new Map(Object.entries(deviceInstallStateFields))

/** As Graph's enums are written, and types: a name begins otherwise. */
const memberForm = /^#?[a-z][\w.]{0,63}$/

const members: ReadonlySet<string> = new Set(installStates.map((member) => member.toLowerCase()))

/**
 * The forms in which values of a class tell nothing of anyone. A value that has slipped into the wrong property, a name
 * where a state should be, has another form and is hidden.
 */
const isClear: Partial<Readonly<Record<FieldClass, (value: string) => boolean>>> = {
  enum: (value) => memberForm.test(value) || members.has(value.toLowerCase()),
  timestamp: (value) => /^[\d:.+TZ-]{1,40}$/i.test(value),
}

/** A value as a report may show it, by its class: that of an enum or a date in clear, of all others the kind and size. */
export const shownAs = (fieldClass: FieldClass | undefined, value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `an array of ${String(value.length)}`
  if (typeof value === 'object') return `an object of ${String(Object.keys(value).length)} properties`
  if (typeof value !== 'string') return `a ${typeof value}`
  if (value === '') return 'an empty string'
  const isShown = fieldClass !== undefined && isClear[fieldClass]?.(value) === true
  return isShown ? JSON.stringify(value) : `a string of ${String(value.length)} characters`
}

/** The value of a property of a deviceInstallState, by the class that the model gives it; one that nobody knows is hidden. */
export const shownOf = (property: string, value: unknown): string => shownAs(fields.get(property)?.class, value)

/** What a codec found in a place: the kind of it, and that it was the kind that was hoped for, in another form. */
export const shownProblem = ({ code, received }: Pick<Problem, 'code' | 'received'>): string => {
  if (received === 'nothing' || received === 'null') return received
  const kind = `${/^[ao]/.test(received) ? 'an' : 'a'} ${received}`
  return code === 'type' || code === 'extra' ? kind : `${kind} of another form`
}

/** What a codec hoped for, in words that follow "Expected". */
export const hopedFor = ({ didYouMean, expected }: Pick<Problem, 'didYouMean' | 'expected'>): string =>
  didYouMean === undefined ? expected : `${expected}. Did you mean ${didYouMean}?`

/** A method, which may be any word. */
export const shownMethod = (method: unknown): string =>
  typeof method === 'string' && /^[A-Z]{1,20}$/.test(method) ? method : 'another one'

/** What a header says of a body, without what it says of how it is to be read. */
export const shownMediaType = (text: string | undefined): string => {
  const [, type] = /^\s*([\w.+-]{1,40}\/[\w.+-]{1,60})\s*(?:;|$)/.exec(text ?? '') ?? []
  if (type !== undefined) return type
  return text === undefined ? 'no content type' : 'another content type'
}
