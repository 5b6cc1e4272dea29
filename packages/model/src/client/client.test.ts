import { describe, expect, expectTypeOf, it } from 'vitest'
import { documentedExample } from '../fields/index.js'
import { DateTimeOffset, DeviceInstallState, DeviceInstallStateCreate } from '../index.js'
import { AnswerUnreadableError, DecodeError, decodeOrThrow, GraphRefusedError, readAnswer } from './index.js'

const throwing = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('decodeOrThrow', () => {
  it('gives what was decoded, with its type', () => {
    const date = decodeOrThrow(DateTimeOffset, '2024-02-29T00:00:00Z')

    expectTypeOf(date).toEqualTypeOf<DateTimeOffset>()
    expect(date).toBe('2024-02-29T00:00:00Z')
  })

  it('throws an error that names every place, and never the value', () => {
    const wrong = { ...JSON.parse(documentedExample.request), deviceName: ['Grace Hopper'], installState: 'Installed' }
    const error = throwing(() => decodeOrThrow(DeviceInstallStateCreate, wrong))

    expect(error).toBeInstanceOf(DecodeError)
    expect(error).toMatchObject({
      name: 'DecodeError',
      message: [
        'This is no DeviceInstallStateCreate:',
        '  /deviceName: Expected a string or null, got array.',
        '  /installState: Expected one of: notApplicable, installed, failed, notInstalled, uninstallFailed, unknown. Did you mean installed?',
      ].join('\n'),
      problems: [
        { pointer: '/deviceName', code: 'type' },
        { pointer: '/installState', code: 'enum' },
      ],
    })
  })

  it('says so where the whole is wrong', () => {
    expect(throwing(() => decodeOrThrow(DeviceInstallState, null))).toMatchObject({
      message: 'This is no DeviceInstallState:\n  (the whole): Expected a JSON object, got null.',
    })
  })
})

const answer = (status: number, body: string | null, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(body, { status, headers })

const rejection = (response: Parameters<typeof readAnswer>[0]): Promise<unknown> =>
  readAnswer(response).then(
    () => undefined,
    (error: unknown) => error,
  )

describe('readAnswer', () => {
  it.each([201, 200])('gives the entity of a %d', async (status) => {
    expect(await readAnswer(answer(status, documentedExample.response))).toEqual(JSON.parse(documentedExample.response))
  })

  it.each<[number, Record<string, string>, string, string]>([
    [400, {}, 'refused', 'nothing was created'],
    [503, { 'Retry-After': '10' }, 'refused', 'nothing was created'],
    [509, {}, 'refused', 'nothing was created'],
    [408, {}, 'indeterminate', 'it may have been created all the same'],
    [499, {}, 'indeterminate', 'it may have been created all the same'],
    [503, {}, 'indeterminate', 'it may have been created all the same'],
    [500, {}, 'indeterminate', 'it may have been created all the same'],
    [302, {}, 'indeterminate', 'it may have been created all the same'],
  ])('says of %d %j what is sure: %s', async (status, headers, outcome, words) => {
    expect(await rejection(answer(status, '', headers))).toMatchObject({
      outcome,
      message: expect.stringContaining(words),
    })
  })

  it.each([
    ['notSent', 'nothing was created'],
    ['applied', 'it was created all the same'],
    ['indeterminate', 'it may have been created all the same'],
  ])('believes the gateway, which knows more than a status does: %s', async (outcome, words) => {
    const body = { error: { code: 'x', message: 'y', innerError: { outcome } } }

    expect(await rejection(answer(502, JSON.stringify(body)))).toMatchObject({
      outcome,
      message: expect.stringContaining(words),
    })
  })

  it.each(['toString', 'done', 5, null, ['refused'], ['applied']])(
    'goes by the status where what the gateway says is no outcome: %j',
    async (outcome) => {
      const body = { error: { code: 'x', message: 'y', innerError: { outcome, 'request-id': 5 } } }

      expect(await rejection(answer(400, JSON.stringify(body), { 'request-id': '' }))).toMatchObject({
        outcome: 'refused',
        requestId: undefined,
      })
    },
  )

  it('finds the request-id of the body where the header is empty', async () => {
    const body = { error: { code: 'x', message: 'y', innerError: { 'request-id': 'R3' } } }

    expect(await rejection(answer(400, JSON.stringify(body), { 'request-id': '' }))).toHaveProperty('requestId', 'R3')
  })

  it('puts on one line, and cuts, what others chose', async () => {
    const long = `x\nINFO forged\u001b[2J\u202e\u2028\u2029${'y'.repeat(100_000)}`
    const refused = await rejection(answer(400, JSON.stringify({ error: { code: 'c', message: long } })))
    const unreadable = await rejection(answer(201, JSON.stringify({ id: long })))
    const wrong = throwing(() => decodeOrThrow(DeviceInstallStateCreate, { [long]: 1 }))
    const linesOf = (error: unknown): ReadonlyArray<string> => (error instanceof Error ? error.message.split('\n') : [])

    for (const error of [refused, unreadable, wrong]) {
      expect(linesOf(error).filter((line) => line.startsWith('INFO'))).toEqual([])
      expect(['\u001b', '\u202e', '\u2028', '\u2029'].filter((sign) => linesOf(error).join('').includes(sign))).toEqual(
        [],
      )
      expect(Math.max(...linesOf(error).map((line) => line.length))).toBeLessThan(1000)
    }
  })

  it('rejects a refusal with what Graph said of it', async () => {
    const body = {
      error: { code: 'TooManyRequests', message: 'Please retry again later.', innerError: { 'request-id': 'R1' } },
    }
    const error = await rejection(answer(429, JSON.stringify(body), { 'Retry-After': '10' }))

    expect(error).toBeInstanceOf(GraphRefusedError)
    expect(error).toMatchObject({
      name: 'GraphRefusedError',
      message: 'Graph answered 429 (TooManyRequests: Please retry again later.): nothing was created.',
      status: 429,
      code: 'TooManyRequests',
      requestId: 'R1',
      retryAfter: '10',
      body,
    })
  })

  it('reads past a byte order mark', async () => {
    const text = () => Promise.resolve(`\uFEFF${documentedExample.response}`)

    expect(await readAnswer({ status: 201, headers: new Headers(), text })).toHaveProperty('deviceName')
  })

  it('keeps one that stands within', async () => {
    const body = documentedExample.response.replace('Device Name value', 'a\uFEFFb')

    expect(await readAnswer(answer(201, body))).toHaveProperty('deviceName', 'a\uFEFFb')
  })

  it('puts one blank where others put lines', async () => {
    const body = { error: { code: 'c', message: 'a\r\n\u0000b' } }

    expect(await rejection(answer(400, JSON.stringify(body)))).toHaveProperty(
      'message',
      'Graph answered 400 (c: a b): nothing was created.',
    )
  })

  it('prefers the request-id of the headers', async () => {
    expect(await rejection(answer(400, '{"error":{"code":"","message":""}}', { 'request-id': 'R2' }))).toMatchObject({
      requestId: 'R2',
      code: '',
      message: 'Graph answered 400 without a word: nothing was created.',
    })
  })

  it.each([
    ['HTML', '<html>'],
    ['another JSON', '{"error":"invalid_grant"}'],
    ['nothing', null],
  ])('rejects a failure that says nothing readable (%s), and warns that it may have been done', async (_, body) => {
    expect(await rejection(answer(504, body))).toMatchObject({
      name: 'GraphRefusedError',
      message:
        'Graph answered 504 without an error that can be read: it may have been created all the same, so look before you send it again.',
      code: undefined,
      requestId: undefined,
      retryAfter: undefined,
    })
  })

  it('rejects a 201 that is no entity, and tells the key of what was created', async () => {
    const error = await rejection(
      answer(201, JSON.stringify({ ...JSON.parse(documentedExample.response), osVersion: 5 })),
    )

    expect(error).toBeInstanceOf(AnswerUnreadableError)
    expect(error).toMatchObject({
      message:
        'Graph answered 201, so b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9 was created, but its body is no deviceInstallState:\n  /osVersion: Expected a string or null, got number.',
      createdId: 'b9feb68f-b68f-b9fe-8fb6-feb98fb6feb9',
      problems: [{ pointer: '/osVersion' }],
    })
  })

  it.each([
    ['no JSON', '<html>', 'its body is no JSON.'],
    ['nothing', null, 'its body is no JSON.'],
    ['no object', '[]', 'its body is no deviceInstallState:'],
  ])('rejects a 201 that is %s', async (_, body, words) => {
    expect(await rejection(answer(201, body))).toMatchObject({
      name: 'AnswerUnreadableError',
      createdId: undefined,
      message: expect.stringContaining(`Graph answered 201, so something was created, but ${words}`),
    })
  })

  it('rejects a 201 whose body cannot be read, and keeps the cause', async () => {
    const cause = new TypeError('terminated')
    const text = () => Promise.reject(cause)

    expect(await rejection({ status: 201, headers: new Headers(), text })).toMatchObject({
      name: 'AnswerUnreadableError',
      message: 'Graph answered 201, so something was created, but its body could not be read.',
      cause,
    })
    expect(await rejection({ status: 500, headers: new Headers(), text })).toMatchObject({ name: 'GraphRefusedError' })
  })
})
