import { expect } from 'vitest'
import { errorIn, type Exchange } from './exchange.js'

/** The proxy turned a request away by itself: Graph saw nothing, the caller learns so, and one record tells of it. */
export const expectRefused = ({ answer, arrivals, records }: Exchange, status: number, code: string): void => {
  const { code: told, innerError } = errorIn(answer)
  expect({ status: answer.status, code: told, arrivals }).toEqual({ status, code, arrivals: [] })
  expect(innerError).toMatchObject({ code, source: 'gateway', outcome: 'notSent', retry: 'never' })
  expect(records).toMatchObject([{ kind: 'refusal', status, code }])
}
