import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BoundedFetch } from './bounded-fetch.js'
import { restrainedFetch } from './restrained-fetch.js'

const options = (by = '', signal = new AbortController().signal) => ({ method: 'POST', headers: {}, signal, by })

const url = 'https://login.example/token'

/** A login service that answers when it is told to. */
const aService = () => {
  const waiting: Array<(response: Response) => void> = []
  const fetch: BoundedFetch = () => new Promise((resolve) => waiting.push(resolve))
  return { fetch, waiting, answerAll: () => waiting.splice(0).forEach((answer) => answer(new Response('{}'))) }
}

const settle = () => new Promise(setImmediate)

afterEach(() => vi.useRealTimers())

describe('requests to the login service', () => {
  it('are 16 at once; the others come when it is their turn', async () => {
    const { answerAll, fetch, waiting } = aService()
    const restrained = restrainedFetch(fetch)
    const answers = Array.from({ length: 40 }, (_, n) => restrained(url, options(String(n))))

    for (const expected of [16, 16, 8]) {
      await settle()
      expect(waiting).toHaveLength(expected)
      answerAll()
    }
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true)
  })

  it('are two at once for one, who waits while others go', async () => {
    const asked: Array<string> = []
    const { answerAll, fetch } = aService()
    const restrained = restrainedFetch((to, given) => {
      asked.push(given.by ?? '')
      return fetch(to, given)
    })
    const answers = ['mallory', 'mallory', 'mallory', 'mallory', 'ada'].map((by) => restrained(url, options(by)))
    await settle()

    expect(asked).toEqual(['mallory', 'mallory', 'ada'])
    answerAll()
    await settle()
    answerAll()
    await Promise.all(answers)
    expect(asked).toEqual(['mallory', 'mallory', 'ada', 'mallory', 'mallory'])
  })

  it('are refused at once when 256 wait already: later they would be too late for whoever waits', async () => {
    const { answerAll, fetch } = aService()
    const restrained = restrainedFetch(fetch)
    const answers = Array.from({ length: 16 + 256 }, (_, n) => restrained(url, options(String(n))))

    await expect(restrained(url, options('one more'))).rejects.toThrow('too many wait')
    for (let n = 0; n < 17; n++) {
      await settle()
      answerAll()
    }
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true)
  })

  it('of one that is to pause are no pause for others, nor for another host', async () => {
    let answers = 0
    const restrained = restrainedFetch(() =>
      Promise.resolve(new Response('', answers++ === 0 ? { status: 429, headers: { 'retry-after': '60' } } : {})),
    )
    await restrained(url, options('mallory'))

    await expect(restrained(url, options('mallory'))).rejects.toThrow('asked for a pause')
    expect(await restrained(url, options('ada'))).toMatchObject({ status: 200 })
    expect(await restrained('https://machine.example/token', options('mallory'))).toMatchObject({ status: 200 })
  })

  it('that nobody waits for any more are not made', async () => {
    const { answerAll, fetch, waiting } = aService()
    const restrained = restrainedFetch(fetch)
    const controller = new AbortController()
    const first = Array.from({ length: 16 }, (_, n) => restrained(url, options(String(n))))
    const late = restrained(url, options('late', controller.signal))
    controller.abort(new Error('too late'))
    await settle()
    answerAll()

    await expect(late).rejects.toThrow('too late')
    expect(waiting).toHaveLength(0)
    await Promise.all(first)
  })

  it('that fail make room, too', async () => {
    const restrained = restrainedFetch(() => Promise.reject(new Error('refused')))
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => restrained(url, options())))

    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
  })

  it.each<[number, string | undefined, number]>([
    [429, '7', 7_000],
    [503, '3', 3_000],
    [429, '86400', 60_000],
    [429, undefined, 0],
    [429, 'soon', 0],
    [400, '7', 0],
  ])('after a %s with Retry-After: %s pause for %s ms', async (status, retryAfter, pause) => {
    vi.useFakeTimers({ toFake: ['performance'] })
    let answers = 0
    const restrained = restrainedFetch(() => {
      answers++
      const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
      return Promise.resolve(answers === 1 ? new Response('', { status, headers }) : new Response('{}'))
    })
    await restrained(url, options())

    if (pause > 0) {
      vi.advanceTimersByTime(pause - 1)
      await expect(restrained(url, options())).rejects.toThrow('asked for a pause')
      vi.advanceTimersByTime(1)
    }
    expect(await restrained(url, options())).toMatchObject({ status: 200 })
    expect(answers).toBe(2)
  })
})
