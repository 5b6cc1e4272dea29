import type { HttpAnswer, HttpRequest } from '../../src/exchange/http-exchange.js'
import type { AuditRecord } from '../../src/suite/index.js'

/** One small change, and where the suite must find it. */
export interface World {
  readonly name: string
  /** Pointers that must be among those of the breaking findings; none if the change harms nobody. */
  readonly breaks: ReadonlyArray<string>
  /** What the gateway makes of a request before it looks at it. */
  readonly request?: (request: HttpRequest) => HttpRequest
  /** What it makes of an answer before it gives it. */
  readonly answer?: (answer: HttpAnswer, request: HttpRequest) => HttpAnswer
  /** What it makes of what it sends to Graph. */
  readonly toGraph?: (request: HttpRequest, callersToken: string) => HttpRequest
  /** What Graph makes of its own answer. */
  readonly fromGraph?: (answer: HttpAnswer) => HttpAnswer
  /** What is found in the ledger. */
  readonly records?: (records: ReadonlyArray<AuditRecord>) => ReadonlyArray<AuditRecord>
}

export type Json = Readonly<Record<string, unknown>>

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Changes the JSON object of a text; leaves any other text as it is. */
const inJson =
  (change: (json: Json) => unknown) =>
  (text: string): string => {
    try {
      const json: unknown = JSON.parse(text)
      return isJson(json) ? JSON.stringify(change(json)) : text
    } catch {
      return text
    }
  }

export const renamed =
  (from: string, to: string) =>
  (json: Json): Json =>
    Object.fromEntries(Object.entries(json).map(([name, value]) => [name === from ? to : name, value]))

export const without =
  (gone: string) =>
  (json: Json): Json =>
    Object.fromEntries(Object.entries(json).filter(([name]) => name !== gone))

export const changed =
  (name: string, change: (value: unknown) => unknown) =>
  (json: Json): Json =>
    name in json ? { ...json, [name]: change(json[name]) } : json

const withBody =
  (change: (json: Json) => unknown) =>
  <A extends { readonly body: string }>(message: A): A => ({ ...message, body: inJson(change)(message.body) })

/** Of requests, whatever they are. */
export const inRequest = withBody

/** Of answers with these statuses alone. */
export const inAnswer =
  (isMeant: (status: number) => boolean, change: (json: Json) => unknown) =>
  (answer: HttpAnswer): HttpAnswer =>
    isMeant(answer.status) ? withBody(change)(answer) : answer

export const created = (status: number): boolean => status === 201
export const failed = (status: number): boolean => status >= 400

export const withHeader =
  (name: string, value: string | undefined) =>
  <A extends { readonly headers: Readonly<Record<string, string>> }>(message: A): A => {
    const { [name]: _, ...others } = message.headers
    return { ...message, headers: value === undefined ? others : { ...others, [name]: value } }
  }

/** In the error of an error answer, or in its inner error. */
export const inError = (change: (json: Json) => unknown) =>
  changed('error', (error) => (isJson(error) ? change(error) : error))
export const inInnerError = (change: (json: Json) => unknown) =>
  inError(changed('innerError', (inner) => (isJson(inner) ? change(inner) : inner)))
