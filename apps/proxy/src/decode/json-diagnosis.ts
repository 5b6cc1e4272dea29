import { type JsonKind, pointerOf } from '@device-install-state/model'

/** A member whose object has another one of the same name before it. */
interface Duplicate {
  readonly pointer: string
  readonly received: JsonKind
}

export interface JsonDiagnosis {
  /** Where the text stops being JSON, in bytes of UTF-8 from its start; undefined where it is JSON. */
  readonly faultAt: number | undefined
  /** The members that repeat a name of their object, at most 32, as far as the text was read. */
  readonly duplicates: ReadonlyArray<Duplicate>
}

// RFC 8259. None of these can match in two ways, so that reading takes time in proportion to the text.
const blanks = /[ \t\n\r]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const stringToItsEnd = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*/y

const mostDuplicates = 32

const kinds: Readonly<Record<string, JsonKind>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'boolean',
  f: 'boolean',
  n: 'null',
}

/** An object or array that is not closed yet. */
interface Open {
  readonly end: '}' | ']'
  readonly names: Set<string> | undefined
  /** Where its present member or item stands in it. */
  key: string | number
}

class Reading {
  readonly #text: string
  readonly #open: Array<Open> = []
  readonly duplicates: Array<Duplicate> = []
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** True if all of it is JSON; `at` is where it stops to be otherwise. */
  readonly isJson = (): boolean => {
    do if (!this.#begin()) return false
    while (this.#goOn())
    return this.#open.length === 0 && this.at === this.#text.length
  }

  /** Reads up to the end of a scalar or of what is empty, through all that opens before. */
  #begin(): boolean {
    for (;;) {
      this.#skip(blanks)
      const first = this.#text[this.at]
      if (first !== '{' && first !== '[') return first === '"' ? this.#string() : this.#skip(scalar)
      this.at++
      const inner: Open =
        first === '{' ? { end: '}', names: new Set(), key: '' } : { end: ']', names: undefined, key: 0 }
      this.#skip(blanks)
      if (this.#eat(inner.end)) return true
      this.#open.push(inner)
      if (!this.#name(inner)) return false
    }
  }

  /** Closes what is closed here. True if another member or item is to come. */
  #goOn(): boolean {
    for (;;) {
      this.#skip(blanks)
      const inner = this.#open.at(-1)
      if (inner === undefined) return false
      if (this.#eat(',')) {
        if (typeof inner.key === 'number') inner.key++
        this.#skip(blanks)
        return this.#name(inner)
      }
      if (!this.#eat(inner.end)) return false
      this.#open.pop()
    }
  }

  /** An item of an array has none. */
  #name(inner: Open): boolean {
    if (inner.names === undefined) return true
    const from = this.at
    if (this.#text[from] !== '"' || !this.#string()) return false
    const name = this.#text.slice(from, this.at)
    inner.key = name.includes('\\') ? String(JSON.parse(name)) : name.slice(1, -1)
    this.#skip(blanks)
    if (!this.#eat(':')) return false
    this.#skip(blanks)
    if (inner.names.has(inner.key)) this.#noteDuplicate()
    inner.names.add(inner.key)
    return true
  }

  #noteDuplicate(): void {
    if (this.duplicates.length === mostDuplicates) return
    this.duplicates.push({
      pointer: pointerOf(this.#open.map(({ key }) => String(key))),
      received: kinds[this.#text[this.at] ?? ''] ?? 'number',
    })
  }

  #string(): boolean {
    return this.#skip(stringToItsEnd) && this.#eat('"')
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.#text)) return false
    this.at = pattern.lastIndex
    return true
  }

  #eat(character: string): boolean {
    if (this.#text[this.at] !== character) return false
    this.at++
    return true
  }
}

/**
 * Where a text is no JSON, or no strict JSON, for whoever must mend it. Reads what JSON.parse reads, only slower, and however
 * deep it is.
 */
export const diagnoseJson = (text: string): JsonDiagnosis => {
  const reading = new Reading(text)
  const isJson = reading.isJson()
  return {
    faultAt: isJson ? undefined : new TextEncoder().encode(text.slice(0, reading.at)).byteLength,
    duplicates: reading.duplicates,
  }
}
