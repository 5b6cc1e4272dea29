import { describe, expect, it } from 'vitest'
import { cleanMessage } from './clean-message.js'

const intune = JSON.stringify(
  {
    _version: 3,
    Message:
      'An error has occurred - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 1a2b - Url: https://fef.amsua0102.manage.microsoft.com/DeviceFE/x?api-version=1',
    CustomApiErrorPhrase: '',
    HttpHeaders: '{}',
  },
  null,
  2,
).replaceAll('\n', '\r\n')

describe('a message of Graph', () => {
  it.each([
    ['Resource not found.', 'Resource not found.'],
    [intune, 'An error has occurred'],
    [
      'Application is not authorized - Operation ID (for customer support): 0 - Activity ID: x - Url: https://x',
      'Application is not authorized',
    ],
    ['see https://fef.x.manage.microsoft.com/y?z, please', 'see … please'],
    ['host fef.amsua0102.manage.microsoft.com is down', 'host … is down'],
    ['two\r\nlines\u0000\u202e', 'two lines'],
    ['', undefined],
    [' - Url: https://x', undefined],
  ])('%j is told as %j', (message, told) => {
    expect(cleanMessage(message)).toBe(told)
  })

  it('is told in 500 characters at most', () => {
    expect(cleanMessage('x'.repeat(5000))).toHaveLength(500)
  })
})
