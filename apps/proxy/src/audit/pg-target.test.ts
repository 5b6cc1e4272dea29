import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { pgTarget } from './pg-target.js'

const target = (url: string) => {
  const found = pgTarget(url)
  if (E.isLeft(found)) throw new Error(found.left)
  return found.right
}
const ssl = (url: string) => target(url).config().ssl

describe('the URL of a database', () => {
  it('is read into what the driver is told, decoded, with the usual port', () => {
    const { config, name } = target('postgres://us%40er:p%40ss%2Fw@db.example/led%20ger')

    expect(name).toBe('db.example:5432/led ger')
    expect(config()).toMatchObject({ host: 'db.example', port: 5432, user: 'us@er', database: 'led ger' })
    expect(JSON.stringify(config())).not.toContain('p@ss')
    expect(target('postgresql://u:p@[::1]:6543/d').config()).toMatchObject({ host: '::1', port: 6543 })
  })

  it('means TLS with a proved name, but for loopback, and where it is disabled', () => {
    const proved = { rejectUnauthorized: true }

    expect(ssl('postgres://u:p@db.example/d')).toEqual(proved)
    for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full'])
      expect(ssl(`postgres://u:p@127.0.0.1/d?sslmode=${mode}`)).toEqual(proved)
    expect(ssl('postgres://u:p@127.0.0.1/d')).toBe(false)
    expect(ssl('postgres://u:p@db.example/d?sslmode=disable')).toBe(false)
    expect(target('postgres://u:p@db.example/d?sslmode=disable').isExposed).toBe(true)
    expect(target('postgres://u:p@localhost/d').isExposed).toBe(false)
  })

  it('is refused with a reason that has no part of it', () => {
    const wrong: ReadonlyArray<readonly [url: string, why: string]> = [
      ['nonsense p@ss', 'it is no postgres:// URL'],
      ['mysql://u:p@h/d', 'it is no postgres:// URL'],
      ['postgres:///d', 'it names no host'],
      ['postgres://:p@h/d', 'it names no user'],
      ['postgres://u:p@h', 'it names no database'],
      ['postgres://u:p%@h/d', 'its password is not percent-encoded'],
      ['postgres://u:p@h/d?sslmode=no-verify', 'its sslmode is neither disable nor verify-full'],
      ['postgres://u:p@h/d?sslrootcert=/no/such/file', 'its sslrootcert cannot be read'],
      ['postgres://u:p@h/d?options=x', 'it has a parameter other than sslmode, sslrootcert, channel_binding'],
    ]
    for (const [url, why] of wrong) expect(pgTarget(url)).toEqual(E.left(why))
  })
})
