import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'

/** How far along one term a search is. */
export type Place =
  | { readonly at: 'start' }
  /** After this hit, a cursor of the reader's. */
  | { readonly at: 'hit'; readonly hit: string }
  | { readonly at: 'end' }

/** Where a search stands: by what it goes, how far it has come by each of the terms, and the times it is for. */
export interface Position {
  readonly by: string
  readonly places: ReadonlyArray<Place>
  readonly since?: string
  readonly until?: string
}

// Nothing of what is looked for stands in it: it may end up in a URL, and digests of values could be guessed.
const Kept = t.intersection([
  t.type({ v: t.literal(1), by: t.string, at: t.readonlyArray(t.union([t.string, t.number])) }),
  t.partial({ since: t.string, until: t.string }),
])

const start = 0
const end = 1

const keptPlace = (place: Place): string | number => {
  switch (place.at) {
    case 'start':
      return start
    case 'hit':
      return place.hit
    case 'end':
      return end
  }
}

const placeOf = (kept: string | number): Place => {
  if (typeof kept === 'string') return { at: 'hit', hit: kept }
  return { at: kept === start ? 'start' : 'end' }
}

const timesOf = ({ since, until }: Pick<Position, 'since' | 'until'>) => ({
  ...(since === undefined ? {} : { since }),
  ...(until === undefined ? {} : { until }),
})

/** JSON in ASCII: base64 takes no more than bytes. */
const ascii = (json: string): string =>
  json.replaceAll(/[^\u0020-\u007e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The position as text for a URL: base64url, RFC 4648 §5, without padding. */
export const printCursor = (position: Position): string => {
  const kept: t.TypeOf<typeof Kept> = {
    v: 1,
    by: position.by,
    at: position.places.map(keptPlace),
    ...timesOf(position),
  }
  return btoa(ascii(JSON.stringify(kept)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Left when it is no cursor of ours. */
export const readCursor = (text: string): E.Either<'notACursor', Position> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))),
      () => 'notACursor' as const,
    ),
    E.chainW((value) => Kept.decode(value)),
    E.bimap(
      () => 'notACursor',
      (kept) => ({ by: kept.by, places: kept.at.map(placeOf), ...timesOf(kept) }),
    ),
  )
