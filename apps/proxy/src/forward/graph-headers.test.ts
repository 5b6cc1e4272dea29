import { expect, it } from 'vitest'
import { aGraphRequest } from '../../test/a-graph-request.js'
import { graphHeaders } from './graph-headers.js'

it('what goes to Graph with a call is these headers alone', () => {
  expect(graphHeaders('device-install-state/1.2.3', { ...aGraphRequest, json: '{"deviceName":"Zoë"}' })).toEqual({
    accept: 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'content-length': '21',
    'client-request-id': aGraphRequest.auditId,
    'user-agent': 'device-install-state/1.2.3',
    traceparent: aGraphRequest.traceparent,
  })
})
