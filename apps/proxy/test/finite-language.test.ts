import { documentedExample } from '@device-install-state/model/fields'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookPath } from './a-request.js'
import { finiteRequestsIn, NotOfTheLanguage } from './finite-language.js'

const json = JSON.stringify(JSON.parse(documentedExample.request))
const lines = [
  `POST ${bookPath} HTTP/1.1`,
  'host: 127.0.0.1:1',
  'connection: keep-alive',
  'authorization: Bearer a.b.c',
  'accept: application/json',
  'accept-encoding: identity',
  'content-type: application/json',
  'client-request-id: 01900000-0000-7000-8000-000000000001',
  'user-agent: device-install-state-proxy/0.1.0',
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  `content-length: ${String(json.length)}`,
]
const text = (head: ReadonlyArray<string>, body = json): string => [...head, '', body].join('\r\n')
const good = text(lines)

describe('the reader of what Graph was sent', () => {
  it('reads one request behind the other', () => {
    expect(finiteRequestsIn(good + good)).toMatchObject([
      { route: { path: bookPath }, auditId: '01900000-0000-7000-8000-000000000001', token: 'a.b.c', json },
      { route: { path: bookPath } },
    ])
    expect(finiteRequestsIn('')).toEqual([])
  })

  it('takes no header more, none less, none twice', () => {
    for (const [index, line] of lines.entries()) {
      const [without, twice] = [text(lines.toSpliced(index, 1)), text(lines.toSpliced(index, 0, line))]
      expect(() => finiteRequestsIn(without)).toThrow(/other headers|another request line/)
      expect(() => finiteRequestsIn(twice)).toThrow(/other headers/)
    }
    expect(() => finiteRequestsIn(text([...lines, 'x: y']))).toThrow('other headers')
  })

  it.each([
    ['another method', good.replace('POST', 'PATCH')],
    ['another path', good.replace('/deviceStates', '/deviceStates/$count')],
    ['a slash at the end of the path', good.replace('/deviceStates', '/deviceStates/')],
    ['dots in the path', good.replace('/B1/', '/../')],
    ['bare line ends', good.replaceAll('\r\n', '\n')],
    ['a body that is too long', `${good} `],
    ['a body that is too short', good.slice(0, -1)],
    ['two members of one name', text(lines, json.replace('"errorCode"', '"deviceId"  '))],
    ['other JSON', text(lines, `{"x":"${'x'.repeat(json.length - 8)}"}`)],
    ['chunks', good.replace('content-length: ', 'transfer-encoding: chunked\r\ncontent-length: ')],
  ])('takes nothing else (%s)', (_, sent) => {
    expect(() => finiteRequestsIn(sent)).toThrow(NotOfTheLanguage)
  })

  it('takes no other byte in a place where nothing is free', () => {
    const [id, host, end] = ['B1', '127.0.0.1:1', 'a.b.c'].map((free) => good.indexOf(free))
    const isFree = (at: number): boolean =>
      (at >= Number(id) && at < Number(id) + 2) || (at >= Number(host) && at < Number(host) + '127.0.0.1:1'.length)
    expect.hasAssertions()
    fc.assert(
      fc.property(fc.nat(Number(end) - 1), fc.integer({ min: 1, max: 255 }), (at, offset) => {
        const bytes = Buffer.from(good)
        bytes[at] = ((bytes[at] ?? 0) + offset) % 256
        if (!isFree(at)) expect(() => finiteRequestsIn(bytes)).toThrow(NotOfTheLanguage)
      }),
    )
  })
})
