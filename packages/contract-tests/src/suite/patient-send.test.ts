import { expect, it } from 'vitest'
import type { HttpAnswer, HttpRequest } from '../exchange/http-exchange.js'
import { patientSend } from './patient-send.js'

const request: HttpRequest = { method: 'POST', path: '/', headers: {}, body: '' }
const busy = (retryAfter: string): HttpAnswer => ({ status: 429, headers: { 'retry-after': retryAfter }, body: '' })
const created: HttpAnswer = { status: 201, headers: {}, body: '' }

const answering = (...answers: ReadonlyArray<HttpAnswer>) => {
  const left = [...answers]
  return () => Promise.resolve(left.shift() ?? created)
}

it('waits as it is told, and sends again', async () => {
  const waits: Array<number> = []
  const send = patientSend(answering(busy('0'), busy('Thu, 01 Jan 1970 00:00:00 GMT'), created), {
    onWait: (inSeconds) => waits.push(inSeconds),
  })

  expect(await send(request)).toBe(created)
  expect(waits).toEqual([0, 0])
})

it('gives up where one wait is too long, or there are too many', async () => {
  await expect(patientSend(answering(busy('61')))(request)).rejects.toThrow('asks to come again in 61 seconds')
  await expect(patientSend(answering(...Array<HttpAnswer>(5).fill(busy('0'))))(request)).rejects.toThrow(
    '5 times in a row',
  )
})

it('does not wait for ever, one call after the other', async () => {
  const send = patientSend(answering(busy('1'), created, busy('1')), { longestInSeconds: 1 })

  expect(await send(request)).toBe(created)
  await expect(send(request)).rejects.toThrow('has asked to wait for 2 seconds in all')
})

it('ends a wait when it is told to, with what was answered last', async () => {
  const interruption = new AbortController()
  const send = patientSend(answering(busy('59')), {
    signal: interruption.signal,
    onWait: () => interruption.abort(),
  })

  expect(await send(request)).toMatchObject({ status: 429 })
})

it.each(['', 'soon', '2026-01-15', '-1'])('takes %o for no time to wait, and the answer for the last', async (text) => {
  expect(await patientSend(answering(busy(text)))(request)).toMatchObject({ status: 429 })
})
