import { describe, expect, it } from 'vitest'
import { DeviceInstallState, GraphError, innerErrorOf, type ManagedEBookId, problemsOf } from '../index.js'
import {
  answerCodecOf,
  createManagedEBookDeviceState as operation,
  isRefusal,
  matchRoute,
  operationNamed,
  operations,
  RequestHeaders,
} from './index.js'

describe('the codec of an answer', () => {
  it.each([
    [201, DeviceInstallState],
    [400, GraphError],
    [429, GraphError],
    [499, GraphError],
    [500, GraphError],
    [599, GraphError],
    [200, undefined],
    [202, undefined],
    [204, undefined],
    [302, undefined],
    [600, undefined],
    [399, undefined],
  ])('goes by the status %d', (status, codec) => {
    expect(answerCodecOf(operation, status)).toBe(codec)
  })
})

describe('a status', () => {
  const statuses = Array.from({ length: 500 }, (_, index) => index + 100)
  const sure = [400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 423, 429, 431, 509]

  it('says that nothing was created if it is one of these, and no other', () => {
    expect(statuses.filter((status) => isRefusal(status))).toEqual(sure)
    expect(statuses.filter((status) => isRefusal(status, null))).toEqual(sure)
  })

  it('of 503 says so, too, if it names a time to come back', () => {
    expect(statuses.filter((status) => isRefusal(status, '10')).filter((status) => !sure.includes(status))).toEqual([
      503,
    ])
  })
})

describe('the inner error', () => {
  it('is read in either spelling, or both', () => {
    const error = { code: 'x', message: 'y' }

    expect(innerErrorOf({ error: { ...error, innerError: { a: 1 } } })).toEqual({ a: 1 })
    expect(innerErrorOf({ error: { ...error, innererror: { a: 1 } } })).toEqual({ a: 1 })
    expect(innerErrorOf({ error: { ...error, innerError: { a: 1 }, innererror: { a: 2, b: 2 } } })).toEqual({
      a: 1,
      b: 2,
    })
    expect(innerErrorOf({ error: { ...error, innerError: null } })).toEqual({})
    expect(innerErrorOf({ error })).toEqual({})
  })
})

describe('the path codec', () => {
  it.each(['v1.0', 'beta'])(
    'reads a path of %s, with or without a slash at its end, and prints it without',
    (version) => {
      const path = `/${version}/deviceAppManagement/managedEBooks/B1/deviceStates`

      for (const read of [path, `${path}/`]) {
        const decoded = operation.path.decode(read)

        expect(decoded).toEqual({ _tag: 'Right', right: { version, ids: { managedEBookId: 'B1' } } })
        expect(decoded._tag === 'Right' && operation.path.encode(decoded.right)).toBe(path)
        expect(decoded._tag === 'Right' && operation.path.is(decoded.right)).toBe(true)
      }
    },
  )

  it.each(['/v1.0/deviceAppManagement/managedEBooks/../deviceStates', '/v2.0/x', '', 5, null, undefined])(
    'refuses %j as a whole, since nothing is below a string',
    (path) => {
      const decoded = operation.path.decode(path)

      expect(decoded._tag === 'Left' && problemsOf(decoded.left)).toMatchObject([
        {
          pointer: '',
          code: typeof path === 'string' ? 'format' : 'type',
          expected: expect.stringContaining(operation.template),
        },
      ])
    },
  )

  it.each([{}, { version: 'v2.0', ids: { managedEBookId: 'B1' } }, { version: 'beta', ids: {} }, 'x', null])(
    'does not take %j for what it reads',
    (value) => {
      expect(operation.path.is(value)).toBe(false)
    },
  )
})

describe('an operation', () => {
  it('is found by its name', () => {
    expect(operations.map(({ name }) => operationNamed(name))).toEqual(operations)
    expect(operations.map(({ method }) => method)).toEqual(['POST', 'POST'])
  })

  it('prints no path without its ids', () => {
    const inherited: unknown = Object.create({ managedEBookId: 'B1' })

    expect(() => operation.print('beta', inherited as { readonly managedEBookId: ManagedEBookId })).toThrow(
      'The path has no managedEBookId to print.',
    )
  })

  it.each(operations)(
    '$name has no query, and names its permission and page',
    ({ documentation, permission, query }) => {
      expect(query.is({})).toBe(true)
      expect(query.decode({ $select: 'id' })._tag).toBe('Left')
      expect(permission).toBe('DeviceManagementApps.ReadWrite.All')
      expect(documentation).toMatch(/^https:\/\/learn\.microsoft\.com\/graph\/api\//)
    },
  )

  it.each([
    [{ authorization: 'Bearer a.b-c', 'content-type': 'application/json' }, true],
    [{ authorization: 'bearer a==', 'content-type': 'Application/JSON; charset=utf-8', accept: '*/*' }, true],
    [{ authorization: 'Bearer   a+b/c~d==', 'content-type': 'application/json;x=y' }, true],
    [{ authorization: 'Bearer ', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer\ta', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer a=b', 'content-type': 'application/json' }, false],
    [{ authorization: 'xBearer a', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer a', 'content-type': 'xapplication/json' }, false],
    [{ authorization: 'Basic a', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer a b', 'content-type': 'application/json' }, false],
    [{ authorization: 'Bearer a', 'content-type': 'text/json' }, false],
    [{ authorization: 'Bearer a', 'content-type': 'application/jsonx' }, false],
    [{ authorization: 'Bearer a' }, false],
    [{ authorization: 'Bearer a', 'content-type': 'application/json', 'x-other': 'x' }, true],
    [{ 'content-type': 'application/json' }, false],
  ])('takes headers %j: %s', (headers, isTaken) => {
    expect(RequestHeaders.is(headers)).toBe(isTaken)
  })

  it('is found by the path of a request', () => {
    expect(
      matchRoute(['beta'], operation.path.encode({ version: 'beta', ids: { managedEBookId: idOf('B1') } }))._tag,
    ).toBe('Matched')
  })
})

const idOf = (text: string) => {
  const decoded = operation.ids.decode({ managedEBookId: text })
  if (decoded._tag === 'Left') throw new Error('no id')
  return decoded.right.managedEBookId
}
