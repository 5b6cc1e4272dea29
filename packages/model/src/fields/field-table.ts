import type { AnyDescribed, Described } from '../described.js'

/**
 * How sensitive a property is, for whoever logs or stores it: `personal` names or leads to a person, `identifier`
 * names a thing, `text` is free text, `enum` and `timestamp` tell nothing of anyone by themselves.
 */
export type FieldClass = 'identifier' | 'enum' | 'timestamp' | 'personal' | 'text'

/** How a property is part of what is sent, or of what is answered. */
export type Presence = 'required' | 'optional' | 'never'

/** What a property holds: its type in Graph's metadata, and how strictly it is taken in either direction. */
export interface Kind<Request, Answer> {
  readonly edm: string
  /** For sending: what Graph is sure to take. */
  readonly request: Described<Request>
  /** For receiving: what Graph may come to say. */
  readonly answer: Described<Answer>
}

/** One property, and all there is to know of it. */
export interface Field {
  readonly kind: { readonly edm: string; readonly request: AnyDescribed; readonly answer: AnyDescribed }
  readonly nullable: boolean
  readonly request: Presence
  readonly answer: Presence
  readonly class: FieldClass
  /** What it is, for people. The page's words where it has any. */
  readonly documentation: string
  /** A value as JSON has it. The page's where it has one. */
  readonly example: unknown
}

type ValueIn<T, K, Otherwise> = NonNullable<K extends keyof T ? T[K] : Otherwise>

type PresenceIn<T, K extends PropertyKey> = K extends keyof T
  ? T extends Readonly<Record<K, unknown>>
    ? 'required'
    : 'optional'
  : 'never'

/**
 * The properties of a type, each said once and whole. TypeScript holds a table against the interfaces of what is answered
 * and what is sent: none of the three can have a property that another lacks, or has otherwise. JSON Schema, OpenAPI,
 * test data and the documented example are made from it; that the codecs are what it says is a test.
 */
export type FieldTable<Answer, Request> = {
  readonly [K in keyof Answer | keyof Request]: Field & {
    readonly kind: Kind<ValueIn<Request, K, ValueIn<Answer, K, never>>, ValueIn<Answer, K, ValueIn<Request, K, never>>>
    readonly nullable: null extends (K extends keyof Answer ? Answer[K] : Request[K & keyof Request]) ? true : false
    readonly request: PresenceIn<Request, K>
    readonly answer: PresenceIn<Answer, K>
  }
}
