import { DateTimeOffset, type DeviceInstallStateCreate } from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { describe, expect, it } from 'vitest'
import { decodeAnswer } from './decode-answer.js'

const now = new Date('2026-11-23T12:00:00Z')
const json = { 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8' }
const lastSyncDateTime = '2024-02-29T00:00:00Z'
if (!DateTimeOffset.is(lastSyncDateTime)) throw new Error('no date')
const sent: DeviceInstallStateCreate = {
  deviceName: 'Adas laptop (private)',
  deviceId: 'd',
  lastSyncDateTime,
  installState: 'failed',
  errorCode: null,
  osVersion: '1',
  osDescription: '',
  userName: 'ada@example.com',
}
const decode = (status: number, text: string, headers: Readonly<Record<string, string>> = json) =>
  decodeAnswer(now, {
    body: sent,
    route: { operation: 'createManagedEBookDeviceState' },
    upstream: { kind: 'application' },
  })({ status, text, headers })
const entity = (change: object = {}): string => JSON.stringify({ ...JSON.parse(documentedExample.response), ...change })
const graphError = (code: string, message: string): string => JSON.stringify({ error: { code, message } })

describe('a 201', () => {
  it('with an entity is what was created, its text untouched', () => {
    expect(decode(201, documentedExample.response)).toEqual({
      _tag: 'Right',
      right: { status: 201, id: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', text: documentedExample.response, drift: [] },
    })
  })

  it.each([
    ['newProperty', { enrolledBy: 'x' }],
    ['newInstallState', { installState: 'pendingInstall' }],
    ['otherDateForm', { lastSyncDateTime: '2024-10-03T18:07Z' }],
  ])('with a drift (%s) is created all the same, and the drift is told', (drift, change) => {
    expect(decode(201, entity(change))).toMatchObject({ _tag: 'Right', right: { drift: [drift] } })
  })

  it('with an @odata.context is as usual', () => {
    expect(decode(201, entity({ '@odata.context': 'x' }))).toMatchObject({ right: { drift: [] } })
  })

  it.each([
    ['an empty body', '', json],
    ['HTML', '<html>', { 'content-type': 'text/html' }],
    ['an entity said to be text', entity(), { 'content-type': 'text/json' }],
    ['an entity without a type', entity(), {}],
    ['a compressed entity', entity(), { ...json, 'content-encoding': 'gzip' }],
    ['JSON that is cut off', entity().slice(0, -5), json],
    ['a property twice', entity().replace('{', '{"id":"x",'), json],
    ['no id', entity({ id: undefined }), json],
    ['a list', `[${entity()}]`, json],
  ])('with %s says nothing sure', (_, text, headers) => {
    expect(decode(201, text, headers)).toMatchObject({
      left: { _tag: 'GraphAnswerUnreadable', status: 201, createdId: undefined },
    })
  })

  it('with an id that is endless names no more than its beginning', () => {
    expect(decode(201, JSON.stringify({ id: 'x'.repeat(100_000) }))).toMatchObject({
      left: { createdId: 'x'.repeat(256) },
    })
  })

  it('with a readable id and an unreadable rest names what was created', () => {
    expect(decode(201, entity({ deviceName: 5 }))).toMatchObject({
      left: { createdId: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9', what: '/deviceName (type)' },
    })
  })
})

describe('a status that says "not done"', () => {
  it.each([400, 402, 403, 404, 405, 409, 410, 412, 422, 423, 429, 509])(
    '%i is a refusal with Graph’s code',
    (status) => {
      expect(decode(status, graphError('Some code', 'Some words.'))).toMatchObject({
        left: { _tag: 'GraphRefused', refusal: { status, code: 'Some code', message: 'Some words.' } },
      })
    },
  )

  it('is told without the values that were sent', () => {
    const message =
      "Cannot convert 'ADA@example.com' of Adas laptop (private), '1' in '2024-02-29T00:00:00Z', code 11d."

    expect(decode(400, graphError('ModelValidationFailure', message))).toMatchObject({
      left: { refusal: { message: "Cannot convert '…' of …, '…' in '…', code 11d." } },
    })
  })

  it('is a refusal even when its body is no Graph error', () => {
    expect(decode(403, '<html>', { 'content-type': 'text/html' })).toMatchObject({
      left: { _tag: 'GraphRefused', refusal: { code: undefined, message: undefined } },
    })
  })

  it.each(['x'.repeat(129), 'two\nlines', 'caf\u00e9'])('is told without a code that is none: %j', (code) => {
    expect(decode(400, graphError(code, 'Some words.'))).toMatchObject({ left: { refusal: { code: undefined } } })
  })

  it('503 counts as one only with Retry-After', () => {
    expect(decode(503, '', { 'retry-after': '3' })).toMatchObject({ left: { _tag: 'GraphRefused' } })
    expect(decode(503, '', {})).toMatchObject({ left: { _tag: 'GraphFailed' } })
  })

  it.each([
    ['No method match route template', 'x'],
    ['BadRequest', 'No OData route exists that match template ~/singleton'],
    ['BadRequest', "Resource not found for the segment 'deviceStates'."],
  ])('400 %s, %s tells of a route that Graph does not offer', (code, message) => {
    expect(decode(400, graphError(code, message))).toMatchObject({
      left: { _tag: 'GraphRouteUnsupported', refusal: { code } },
    })
  })

  it('401 is about our token', () => {
    expect(decode(401, graphError('InvalidAuthenticationToken', 'x'))).toMatchObject({
      left: { _tag: 'GraphRejectedOurToken' },
    })
  })
})

describe('any other status', () => {
  it.each([301, 302, 307, 308])('%i is a redirect, and not followed', (status) => {
    expect(decode(status, '')).toMatchObject({ left: { _tag: 'GraphRedirected', status } })
  })

  it.each([500, 501, 502, 504, 507])('%i is a failure', (status) => {
    expect(decode(status, graphError('Unknown', 'x'))).toMatchObject({
      left: { _tag: 'GraphFailed', status, code: 'Unknown' },
    })
  })

  it.each([202, 204, 206, 99, 418, 451, 600, 999])('%i is unreadable', (status) => {
    expect(decode(status, entity())).toMatchObject({ left: { _tag: 'GraphAnswerUnreadable', status } })
  })
})
