import { GraphError } from '@device-install-state/model'
import { describe, expect, it } from 'vitest'
import { aCreate } from '../../test/a-create.js'
import { graphDouble, graphErrors } from '../index.js'

const answers = Object.entries(graphErrors).map(([name, answer]) => ({ name, answer }))

describe('the known error', () => {
  it.each(answers)('$name is one that the model reads', ({ answer }) => {
    expect(GraphError.decode(answer.body)).toEqual({ _tag: 'Right', right: answer.body })
    expect(answer.body.error.innerError).toMatchObject({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      'request-id': answer.headers['request-id'],
      'client-request-id': expect.any(String),
    })
  })

  it.each(answers)('$name comes out of a double as it is', async ({ answer }) => {
    const double = graphDouble()
    double.answerNext(answer)

    const response = await double.answer(aCreate())

    expect(response.status).toBe(answer.status)
    expect(await response.json()).toEqual(answer.body)
    expect(Object.fromEntries(response.headers)).toMatchObject(
      Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value])),
    )
  })

  it('claimsChallenge carries claims in base64 of JSON', () => {
    const [, claims = ''] = /claims="([^"]+)"/.exec(graphErrors.claimsChallenge.headers['WWW-Authenticate'] ?? '') ?? []

    expect(JSON.parse(atob(claims))).toEqual({ access_token: { nbf: { essential: true, value: '1768469400' } } })
  })

  it('intuneBadRequest has a message that is JSON itself', () => {
    expect(JSON.parse(graphErrors.intuneBadRequest.body.error.message)).toMatchObject({ _version: 3 })
    expect(graphErrors.intuneBadRequest.body.error.message).toContain('\r\n')
  })
})
