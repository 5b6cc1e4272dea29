import { readFileSync } from 'node:fs'

export interface Vector {
  readonly input: string
  readonly abnf: boolean
  readonly graphOpenApiPattern: boolean
  readonly calendarValid: boolean | null
  readonly dotnetExpected: boolean | null
  /** Absent where there is no such instant. */
  readonly instant?: { readonly epochSeconds: number; readonly fraction: string }
}

interface Vectors {
  readonly vectors: ReadonlyArray<Vector>
  readonly nonStringVectors: ReadonlyArray<{ readonly json: unknown }>
}

/** Dates, and what OData's grammar, Graph's pattern, the calendar and .NET say of each. */
export const { nonStringVectors, vectors }: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/date-time-offset.json', import.meta.url), 'utf8'),
)
