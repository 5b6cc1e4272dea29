import { documentedExample } from '@device-install-state/model/fields'
import type { GraphRequest } from '../src/domain/graph-answer.js'
import { bookPath } from './a-request.js'

/** The documented call, as it goes to Graph. */
export const aGraphRequest: GraphRequest = {
  method: 'POST',
  path: bookPath,
  json: documentedExample.request,
  token: 'the.upstream.token',
  auditId: '01900000-0000-7000-8000-000000000001',
  traceparent: '00-01900000000070008000000000000001-00f067aa0ba902b7-00',
}
