import { deviceInstallStateFields, type Field, type FieldClass } from '@device-install-state/model/fields'

const fields: ReadonlyMap<string, Field> = new Map(Object.entries(deviceInstallStateFields))

/**
 * The forms in which values of a class tell nothing of anyone. A value that has slipped into the wrong property, a name
 * where a state should be, has another form and is hidden.
 */
const clearForms: Partial<Readonly<Record<FieldClass, RegExp>>> = {
  enum: /^[#\w.]{1,64}$/,
  timestamp: /^[\d:.+TZ-]{1,40}$/i,
}

/** A value as a report may show it, by its class: that of an enum or a date in clear, of all others the kind and size. */
export const shownAs = (fieldClass: FieldClass | undefined, value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `an array of ${String(value.length)}`
  if (typeof value === 'object') return `an object of ${String(Object.keys(value).length)} properties`
  if (typeof value !== 'string') return `a ${typeof value}`
  if (value === '') return 'an empty string'
  const form = fieldClass === undefined ? undefined : clearForms[fieldClass]
  return form?.test(value) === true ? JSON.stringify(value) : `a string of ${String(value.length)} characters`
}

/** The value of a property of a deviceInstallState, by the class that the model gives it; one that nobody knows is hidden. */
export const shownOf = (property: string, value: unknown): string => shownAs(fields.get(property)?.class, value)
