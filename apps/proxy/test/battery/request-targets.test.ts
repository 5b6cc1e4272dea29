import { documentedExample } from '@device-install-state/model/fields'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bookPath } from '../a-request.js'
import { aRunningProxy, requestText, type TestWorld } from '../a-running-proxy.js'
import { aBattery, type Battery, type Refusal } from './what-is-owed.js'

let world: TestWorld
let battery: Battery
let authorization = ''
beforeAll(async () => {
  world = await aRunningProxy({
    AUDIT_UNAUTHENTICATED_PER_MINUTE: '10000',
  })
  authorization = `Bearer ${await world.token()}`
  battery = aBattery(world)
})
afterAll(() => world.stop())

const expectRefused: Battery['expectRefused'] = (...row) => battery.expectRefused(...row)
const expectDone = (bytes: string, path: string) => battery.expectDone(bytes, path)
const expectNothingElse = (): void => battery.expectNothingElse()

const userPath = bookPath.replace('/deviceStates', '/userStateSummary/S1/deviceStates')
const v1 = (path: string): string => path.replace('/beta/', '/v1.0/')

// Each comes with a good token and a good body, so that the target alone is to blame.
const sentTo = (target: string, method = 'POST'): string => requestText({ authorization, method, target })

const routeNotFound: Refusal = { status: 404, code: 'routeNotFound' }
const malformedTarget: Refusal = { status: 400, code: 'malformedRequest' }
const unreadable: Refusal = { ...malformedTarget, kind: 'connection' }
const malformedId = (id = 'managedEBookId'): Refusal => ({
  status: 400,
  code: 'malformedPathId',
  record: { reason: id },
})

describe('the path of a route', () => {
  it.each([bookPath, userPath, v1(bookPath), v1(userPath)])('(%s) reaches Graph as it is', async (path) => {
    const { answer, sent } = await expectDone(sentTo(path), path)

    expect(answer.body).toBe(documentedExample.response)
    expect(JSON.parse(sent.json)).toMatchObject({ lastSyncDateTime: '2017-01-01T00:02:49.3205976-08:00' })
  })

  it('may have one slash at its end, which Graph does not see', async () => {
    for (const path of [bookPath, userPath]) await expectDone(sentTo(`${path}/`), path)
  })
})

describe('a target that is spelled otherwise', () => {
  it.each([
    ['capitals', bookPath.toUpperCase()],
    ['small letters', bookPath.toLowerCase()],
    ['another case of one literal', bookPath.replace('deviceStates', 'DeviceStates')],
    ['another case of the version', bookPath.replace('/beta', '/BETA')],
    ['another version', bookPath.replace('/beta', '/v2.0')],
    ['a version that is almost one', bookPath.replace('/beta', '/v1x0')],
    ['no version', bookPath.replace('/beta', '')],
    ['two slashes at its start', `/${bookPath}`],
    ['a host behind two slashes', `//localhost${bookPath}`],
    ['two slashes within', bookPath.replace('/deviceStates', '//deviceStates')],
    ['two slashes at its end', `${bookPath}//`],
    ['an empty id', bookPath.replace('/B1/', '//')],
    ['no id', bookPath.replace('/B1', '')],
    ['an empty id of a summary', userPath.replace('/S1/', '//')],
    ['no id of a summary', userPath.replace('/S1', '')],
    ['a summary without a book', userPath.replace('/managedEBooks/B1', '')],
    [
      'the two swapped',
      userPath.replace('managedEBooks/B1/userStateSummary/S1', 'userStateSummary/S1/managedEBooks/B1'),
    ],
    ['a further segment', bookPath.replace('/deviceStates', '/x/deviceStates')],
    ['a third segment that is unknown', userPath.replace('userStateSummary', 'installSummary')],
    ['one of the collection', `${bookPath}/D1`],
    ['a dot segment in front of the route', bookPath.replace('/beta', '/beta/.')],
    ['a way up in front of the route', bookPath.replace('/beta', '/x/../beta')],
    ['an encoded dot segment in front of the route', bookPath.replace('/beta', '/beta/%2e')],
    ['a dot segment behind the route', `${bookPath}/.`],
    ['a way up behind the route', `${bookPath}/x/..`],
    ['an encoded letter', bookPath.replace('deviceStates', '%64eviceStates')],
    ['an encoded slash between literals', bookPath.replace('/deviceStates', '%2fdeviceStates')],
    ['a backslash between literals', bookPath.replace('/deviceStates', '\\deviceStates')],
    ['a parameter of the last segment', `${bookPath};a=b`],
    ['a parameter of a literal', bookPath.replace('managedEBooks', 'managedEBooks;a=b')],
    ['a key in parentheses', bookPath.replace('/B1', "('B1')")],
    ['a count', `${bookPath}/$count`],
    ['a reference', `${bookPath}/$ref`],
    ['a value', `${bookPath}/$value`],
    ['a batch', '/beta/$batch'],
    ['a fragment', `${bookPath}#x`],
    ['an empty fragment', `${bookPath}#`],
    ['a query within a fragment', `${bookPath}#?x`],
    ['a query within a literal', bookPath.replace('deviceStates', 'device?States')],
    ['a probe', '/livez'],
    ['another probe', '/readyz'],
    ['metrics', '/metrics'],
    ['a probe in front of the route', `/readyz/..${bookPath}`],
    ['an encoded probe in front of the route', `/readyz/%2e%2e${bookPath}`],
    ['what auditors ask', '/audit/calls'],
    ['the root', '/'],
    ['above the root', '/..'],
    ['an asterisk', '*'],
    ['an asterisk and more', '*/x'],
    ['a favicon', '/favicon.ico'],
  ])('(%s) is no route', async (_, target) => {
    await expectRefused(sentTo(target), routeNotFound)
  })
})

describe('a target with a query', () => {
  it.each([
    '?',
    '??',
    '?a?b',
    '?#',
    '?$select=id',
    '?a[__proto__]=1',
    '?access_token=x',
    '?/../..',
    '/?',
    '?%00',
    '?=',
    '?\\',
  ])('(%s) is malformed', async (query) => {
    await expectRefused(sentTo(`${bookPath}${query}`), malformedTarget)
  })

  it('leaves nothing of the query in the ledger or the log', async () => {
    await expectRefused(sentTo(`${bookPath}?access_token=SECRET-in-a-query`), malformedTarget)

    expect(JSON.stringify([world.records(), world.logged])).not.toContain('SECRET-in-a-query')
  })
})

describe('a target that is no path', () => {
  it.each([
    ['http and its own host', `http://localhost${bookPath}`],
    ['http and its own port', `http://127.0.0.1:1${bookPath}`],
    ['https', `https://localhost${bookPath}`],
    ['capitals', `HTTP://localhost${bookPath}`],
    ['another host', `http://169.254.169.254${bookPath}`],
    ['the host of Graph', `https://graph.microsoft.com${bookPath}`],
    ['ftp', `ftp://localhost${bookPath}`],
    ['an unknown scheme', 'foo://x'],
    ['credentials', `http://user:password@localhost${bookPath}`],
    ['no host', 'http:///'],
    ['half an IPv6 address', 'http://[::1'],
  ])('(a whole URL with %s) is malformed', async (_, target) => {
    await expectRefused(sentTo(target), {
      ...malformedTarget,
      record: { reason: 'Send the path alone as request target, not a whole URL.' },
    })
  })

  it.each([
    ['an authority', 'localhost:443'],
    ['a name', 'localhost'],
    ['an authority with credentials', 'a@b:1'],
    ['a path without its first slash', bookPath.slice(1)],
    ['a way up', `../..${bookPath}`],
    ['a dot', '.'],
    ['a backslash', '\\beta'],
    ['a query alone', '?x'],
    ['a fragment alone', '#x'],
    ['a scheme and a path', `http:${bookPath}`],
    ['nothing', ''],
  ])('(%s) is not readable', async (_, target) => {
    await expectRefused(sentTo(target), unreadable)
  })

  it('(an asterisk) is no route for OPTIONS either', async () => {
    await expectRefused(sentTo('*', 'OPTIONS'), routeNotFound)
  })

  it.each(['graph.microsoft.com:443', 'localhost', bookPath])('(CONNECT %s) finds no tunnel', async (target) => {
    await expectRefused(sentTo(target, 'CONNECT'), {
      status: 405,
      code: 'methodNotAllowed',
      kind: 'connection',
      record: { reason: 'CONNECT' },
      headers: { allow: 'POST' },
    })
  })

  it('has Node print no warning', async () => {
    const warnings: Array<Error> = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    await expectRefused(sentTo('http://[::1/SECRET'), malformedTarget)
    process.off('warning', note)

    expect(warnings).toEqual([])
  })
})

describe('a target that is long', () => {
  it('has an id that is malformed, or is too long itself, or is more than the parser takes', async () => {
    const { length } = bookPath
    await expectDone(sentTo(bookPath.replace('B1', 'B'.repeat(128))), bookPath.replace('B1', 'B'.repeat(128)))
    await expectRefused(sentTo(bookPath.replace('B1', 'B'.repeat(129))), malformedId())
    await expectRefused(sentTo(bookPath.replace('B1', 'B'.repeat(8_192 - length + 2))), malformedId())
    await expectRefused(sentTo(bookPath.replace('B1', 'B'.repeat(8_193 - length + 2))), {
      status: 414,
      code: 'targetTooLong',
    })
    await expectRefused(sentTo(bookPath.replace('B1', 'B'.repeat(17_000))), {
      status: 431,
      code: 'headersTooLarge',
      kind: 'connection',
    })
  })
})

describe.each([
  ['book', 'managedEBookId', (id: string) => bookPath.replace('B1', id)],
  ['book, on the longer route', 'managedEBookId', (id: string) => userPath.replace('B1', id)],
  ['summary of a user', 'userInstallStateSummaryId', (id: string) => userPath.replace('S1', id)],
])('the id of a %s', (_, name, pathWith) => {
  it.each([
    'B',
    '0',
    'a.b',
    'a_b-c',
    'a.',
    'a-',
    '7E0F6E3C-7A0B-4C57-9E7D-0A3B1C2D3E4F',
    '7e0f6e3c-7a0b-4c57-9e7d-0a3b1c2d3e4f_7e0f6e3c-7a0b-4c57-9e7d-0a3b1c2d3e4f',
  ])('may be %s', async (id) => {
    await expectDone(sentTo(pathWith(id)), pathWith(id))
  })

  it.each([
    ['the parent', '..'],
    ['the folder itself', '.'],
    ['three dots', '...'],
    ['dots within', 'a..b'],
    ['dots at its end', 'a..'],
    ['a dot at its start', '.a'],
    ['an underscore at its start', '_a'],
    ['a hyphen at its start', '-a'],
    ['the parent, encoded', '%2e%2e'],
    ['the parent, half encoded', '.%2e'],
    ['the parent, half encoded, in capitals', '%2E.'],
    ['an encoded dot', '%2E'],
    ['an encoded slash', 'a%2Fb'],
    ['a slash, encoded twice', '%252f'],
    ['a slash, each digit encoded', '%25%32%66'],
    ['an encoded backslash', '%5c'],
    ['a backslash', '\\'],
    ['a way up with backslashes', '..\\..\\users'],
    ['an encoded query', 'B1%3f$select=id'],
    ['an encoded fragment', 'B1%23'],
    ['a fragment', 'B1#'],
    ['an encoded NUL', 'B1%00'],
    ['encoded line ends', 'B1%0d%0aX-Evil:1'],
    ['an encoded tab', 'B1%09'],
    ['an encoded blank', 'B1%20'],
    ['a per cent sign alone', '%'],
    ['a per cent sign and no digits', '%zz'],
    ['an overlong slash', '%c0%af'],
    ['half a surrogate pair', '%ed%a0%80'],
    ['a letter beyond ASCII, encoded', '%C3%A9'],
    ['a parameter', 'B1;a=b'],
    ['braces around it', '{7e0f6e3c-7a0b-4c57-9e7d-0a3b1c2d3e4f}'],
    ['quotes around it', "'B1'"],
    ['an encoded letter', '%42'],
  ])('may not be or have %s', async (_what, id) => {
    await expectRefused(sentTo(pathWith(id)), malformedId(name))
  })
})

/** What each byte makes of a target when it stands in an id, and in a literal. */
const owedToByte = (byte: number): { readonly inId: Refusal | 'done'; readonly inLiteral: Refusal } => {
  const character = String.fromCharCode(byte)
  // Controls, blanks, and all that is not ASCII: the parser takes none of them.
  if (byte <= 0x20 || byte >= 0x7f) return { inId: unreadable, inLiteral: unreadable }
  if (/[A-Za-z0-9_.-]/.test(character)) return { inId: 'done', inLiteral: routeNotFound }
  return { inId: /[/?]/.test(character) ? routeNotFound : malformedId(), inLiteral: routeNotFound }
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte)

describe('each byte', () => {
  it('within an id makes it another id, or a malformed one, or no route, or no request', async () => {
    const idsOf = (byte: number): string => bookPath.replace('B1', `B${String.fromCharCode(byte)}1`)
    const isDone = (byte: number): boolean => owedToByte(byte).inId === 'done'
    await Promise.all(
      bytes.flatMap((byte) => {
        const { inId } = owedToByte(byte)
        return inId === 'done' ? [] : [expectRefused(sentTo(idsOf(byte)), inId)]
      }),
    )
    for (const byte of bytes.filter(isDone)) await expectDone(sentTo(idsOf(byte)), idsOf(byte))
  })

  it('within a literal makes it no route, or no request', async () => {
    await Promise.all(
      bytes.map((byte) =>
        expectRefused(
          sentTo(bookPath.replace('deviceStates', `device${String.fromCharCode(byte)}States`)),
          owedToByte(byte).inLiteral,
        ),
      ),
    )
  })
})

describe('a method', () => {
  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'PURGE', 'SOURCE', 'M-SEARCH'])(
    'may not be %s',
    async (method) => {
      await expectRefused(sentTo(bookPath, method), {
        status: 405,
        code: 'methodNotAllowed',
        headers: { allow: 'POST' },
        record: { method },
      })
    },
  )

  it('may not be HEAD, whose answer has no body', async () => {
    await expectRefused(
      sentTo(bookPath, 'HEAD'),
      { status: 405, code: 'methodNotAllowed', headers: { allow: 'POST' }, record: { method: 'HEAD' } },
      { isBodiless: true },
    )
  })

  it.each(['post', 'Post', 'FOO', 'P', '', ' POST', 'P@ST', 'POST\t', 'PRI', '\u0016\u0003\u0001'])(
    'may not be %j, which the parser does not know',
    async (method) => {
      await expectRefused(sentTo(bookPath, method), unreadable)
    },
  )

  it('of POST on another route is no matter: the route is', async () => {
    await expectRefused(sentTo('/x', 'GET'), routeNotFound)
  })

  it('that is asked for by a header is not the method', async () => {
    const more = ['X-HTTP-Method-Override: DELETE', 'X-HTTP-Method: PATCH', 'X-Original-URL: /x', 'X-Rewrite-URL: /y']

    await expectDone(requestText({ authorization, more }), bookPath)
  })

  it('of a preflight gets no leave from us', async () => {
    const preflight = requestText({
      authorization,
      method: 'OPTIONS',
      more: ['Origin: https://evil.example', 'Access-Control-Request-Method: POST'],
    })
    const { headers } = await expectRefused(preflight, { status: 405, code: 'methodNotAllowed' })

    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('after all of these', () => {
  it('nothing is on record, and nothing is with Graph, but what was owed', () => {
    expectNothingElse()
  })
})
