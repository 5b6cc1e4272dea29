/** The deepest nesting that is read; the bodies and tokens we take need 1 or 2. */
export const deepestJson = 16

/** Where the string that begins before `from` ends: a quote with an even number of backslashes before it. */
const endOfString = (text: string, from: number): number => {
  let end = text.indexOf('"', from)
  while (text[end - 1] === '\\') {
    let backslashes = 1
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) break
    end = text.indexOf('"', end + 1)
  }
  return end
}

const whiteSpace: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '\r'])

/** How many strings are followed by a colon, in a text that is JSON. */
const membersInText = (text: string): number => {
  let members = 0
  for (let start = text.indexOf('"'); start !== -1; ) {
    let after = endOfString(text, start + 1) + 1
    while (whiteSpace.has(text[after])) after++
    if (text[after] === ':') members++
    start = text.indexOf('"', after)
  }
  return members
}

/** How a text that JSON.parse takes may still be refused. */
export type StrictJsonFault = 'notJson' | 'tooDeep' | 'duplicateMember' | 'loneSurrogate'

export type StrictJson =
  | { readonly _tag: 'Json'; readonly value: unknown }
  | { readonly _tag: 'Fault'; readonly fault: StrictJsonFault }

interface Census {
  readonly members: number
  readonly fault: StrictJsonFault | undefined
}

interface Level {
  readonly keys: ReadonlyArray<string>
  readonly values: ReadonlyArray<unknown>
}

const levelBelow = (values: ReadonlyArray<unknown>): Level => {
  const objects = values.filter((value) => typeof value === 'object' && value !== null)
  return {
    keys: objects.flatMap((value) => (Array.isArray(value) ? [] : Object.keys(value))),
    values: objects.flatMap((value): ReadonlyArray<unknown> => Object.values(value)),
  }
}

const isIllFormed = (value: unknown): boolean => typeof value === 'string' && !value.isWellFormed()

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What most bodies are: an object with nothing in it that holds more. Undefined of others. */
const censusOfFlat = (root: unknown): Census | undefined => {
  if (!isObject(root)) return undefined
  const keys = Object.keys(root)
  let hasIllFormed = false
  for (const key of keys) {
    const value = root[key]
    if (typeof value === 'object' && value !== null) return undefined
    hasIllFormed ||= isIllFormed(key) || isIllFormed(value)
  }
  return { members: keys.length, fault: hasIllFormed ? 'loneSurrogate' : undefined }
}

/** Counts members and looks for what I-JSON forbids, level by level: the depth is the sender's choice. */
const census = (root: unknown): Census => {
  let members = 0
  let level: Level = { keys: [], values: [root] }
  for (let depth = 0; level.values.length > 0; depth++) {
    if (depth > deepestJson) return { members, fault: 'tooDeep' }
    if (level.keys.some(isIllFormed) || level.values.some(isIllFormed)) return { members, fault: 'loneSurrogate' }
    members += level.keys.length
    level = levelBelow(level.values)
  }
  return { members, fault: undefined }
}

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const fault = (name: StrictJsonFault): StrictJson => ({ _tag: 'Fault', fault: name })

/**
 * JSON as RFC 7493 (I-JSON) wants it: no member twice in one object, no lone surrogate, no byte order mark, and no more
 * than 16 levels below the top. Two readers of such a text cannot disagree on what it says. (Noncharacters, which RFC 7493
 * forbids, too, are taken: every reader has the same ones.)
 */
export const parseStrictJson = (text: string): StrictJson => {
  const parsed = parse(text)
  if (parsed === undefined) return fault('notJson')
  const counted = censusOfFlat(parsed.value) ?? census(parsed.value)
  if (counted.fault !== undefined) return fault(counted.fault)
  // JSON.parse keeps the last of two members with one name, so the text then shows more members than the value has.
  return membersInText(text) === counted.members ? { _tag: 'Json', value: parsed.value } : fault('duplicateMember')
}
