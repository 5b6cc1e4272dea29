import { DeviceInstallStateCreate, problemsOf } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { bodiesNobodyReads, bodiesToRefuse, bodiesToTake, type NamedBody } from './bodies.js'
import type { Interaction, Owed } from './interaction.js'
import type { Place } from './places.js'

const headersOfJson = { accept: 'application/json', 'content-type': 'application/json' }

/** A create of a body at a place. What is owed to it is what the model says of the body. */
export const createOf = (place: Place, name: string, body: string): Interaction => ({
  name,
  place,
  method: place.operation.method,
  path: place.path,
  headers: headersOfJson,
  token: 'good',
  body,
  owed: owedTo(body),
})

const read = (text: string): { readonly json: unknown } | undefined => {
  try {
    return { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** JSON.stringify escapes half a surrogate pair, and nothing else with these digits. RFC 7493 section 2.1 forbids it. */
const hasHalfAPair = (json: unknown): boolean => /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(json))

/** What is owed to a body, by the model alone. */
const owedTo = (text: string): Owed => {
  const value = read(text)
  if (value === undefined || hasHalfAPair(value.json)) return { _tag: 'BodyUnreadable' }
  const decoded = DeviceInstallStateCreate.decode(value.json)
  return decoded._tag === 'Right' ? { _tag: 'Created' } : { _tag: 'BodyRefused', problems: problemsOf(decoded.left) }
}

const example = documentedExample.request

const taken = (place: Place, { name, text }: NamedBody): Interaction =>
  createOf(place, `a body ${name} is created`, text)
const refused = (place: Place, { name, text }: NamedBody): Interaction =>
  createOf(place, `a body ${name} is refused`, text)

/** What holds at every place alike. */
const everywhere = (place: Place): ReadonlyArray<Interaction> => {
  const create = createOf(place, 'the documented example is created', example)
  const wrongVersion = place.path.replace(place.version, 'v2.0')
  return [
    create,
    {
      ...create,
      name: 'the documented example is created, with a slash at the end of the path',
      path: `${place.path}/`,
    },
    { ...create, name: 'a call without token is refused', token: 'none', owed: { _tag: 'CallerRefused' } },
    { ...create, name: 'a token that is none is refused', token: 'malformed', owed: { _tag: 'CallerRefused' } },
    {
      ...create,
      name: 'another content type is refused',
      headers: { ...headersOfJson, 'content-type': 'text/plain' },
      owed: { _tag: 'MediaTypeRefused' },
    },
    ...['GET', 'PUT', 'PATCH', 'DELETE'].map(
      (method): Interaction => ({
        ...create,
        name: `${method} is refused`,
        method,
        body: method === 'GET' ? '' : example,
        owed: { _tag: 'RouteRefused', why: 'method' },
      }),
    ),
    {
      ...create,
      name: 'a version that nobody knows is refused',
      path: wrongVersion,
      owed: { _tag: 'RouteRefused', why: 'path' },
    },
    {
      ...create,
      name: 'a path in small letters is refused',
      path: place.path.replace('/deviceStates', '/devicestates'),
      owed: { _tag: 'RouteRefused', why: 'path' },
    },
    {
      ...create,
      name: 'an id with an encoded slash is refused',
      path: place.path.replace(/[^/]+\/deviceStates$/, 'B%2F1/deviceStates'),
      owed: { _tag: 'RouteRefused', why: 'id' },
    },
    {
      ...create,
      name: 'a query is refused',
      path: `${place.path}?$select=id`,
      owed: { _tag: 'RouteRefused', why: 'query' },
    },
    createOf(place, 'a body without installState is refused', example.replace(/\s*"installState": "installed",/, '')),
  ]
}

/** All that is asked of bodies, at one place: they mean the same at the others. */
const ofBodies = (place: Place): ReadonlyArray<Interaction> => [
  ...bodiesToTake.map((body) => taken(place, body)),
  ...bodiesToRefuse.map((body) => refused(place, body)),
  ...bodiesNobodyReads.map((body) => refused(place, body)),
]

/** The contract as data: every interaction at every place, and those about bodies at the first of each operation. */
export const interactionsAt = (places: ReadonlyArray<Place>): ReadonlyArray<Interaction> => {
  const withBodies = new Set(
    places.filter(({ operation }, index) => places.findIndex((other) => other.operation === operation) === index),
  )
  const all = places.flatMap((place) => [...everywhere(place), ...(withBodies.has(place) ? ofBodies(place) : [])])
  const seen = new Set<string>()
  return all.filter(({ name, place }) => {
    const id = `${place.name} ${name}`
    return seen.has(id) ? false : seen.add(id)
  })
}
