const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'ALARM', 60: 'FATAL' }

const isPlain = (text: string): boolean => /^[\w.:/{}@+-]+$/.test(text)

const valueText = (value: unknown): string =>
  typeof value === 'string' && isPlain(value) ? value : JSON.stringify(value)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The fields of a line as `name=value`, those of objects as `name.name=value`. */
const fieldsOf = (fields: Readonly<Record<string, unknown>>, before = ''): ReadonlyArray<string> =>
  Object.entries(fields).flatMap(([name, value]) =>
    isRecord(value) ? fieldsOf(value, `${before}${name}.`) : [`${before}${name}=${valueText(value)}`],
  )

/** A line of the log, which is JSON, as a person reads it: the time of day in UTC, the level, the words, the fields. */
export const terminalLine = (json: string): string => {
  const parsed: unknown = JSON.parse(json)
  if (!isRecord(parsed)) return json
  const { level, msg, time, ...fields } = parsed
  const words = [
    String(time).slice(11, 23),
    (levels[Number(level)] ?? String(level)).padEnd(5),
    String(msg),
    ...fieldsOf(fields),
  ]
  return `${words.join(' ')}\n`
}
