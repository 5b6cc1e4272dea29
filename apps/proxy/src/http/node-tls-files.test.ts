import { createPrivateKey, type KeyExportOptions } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aCertificate, type Certificate } from '../../test/a-certificate.js'
import { readTlsFiles } from './node-tls-files.js'

let folder = ''
let [one, other]: ReadonlyArray<Certificate> = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  ;[one, other] = await Promise.all([aCertificate(), aCertificate()])
})
afterAll(() => rmSync(folder, { recursive: true }))

let count = 0
const file = (content: string): string => {
  const path = join(folder, `file-${String(count++)}.pem`)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

const read = async (certificateFile: string, keyFile: string, clientCaFile?: string) =>
  readTlsFiles({ certificateFile, keyFile, clientCaFile, coversAdmin: false })()

const pemOf = (key: string, options: Partial<KeyExportOptions<'pem'>>): string =>
  createPrivateKey(key)
    .export({ format: 'pem', type: 'pkcs8', ...options })
    .toString()

describe('the files of TLS', () => {
  it('are taken when they fit together, also through links, from one file, and with words around the PEM', async () => {
    const { cert = '', key = '' } = one ?? {}
    const link = join(folder, 'link.pem')
    symlinkSync(file(`Bag Attributes\r\n${cert}\n${key}`), link)

    expect(await read(link, link, link)).toMatchObject({ _tag: 'Right', right: { isKeyOpen: false } })
    expect(await read(file(`${cert}${other?.cert ?? ''}`), file(pemOf(key, { type: 'sec1' })))).toMatchObject({
      _tag: 'Right',
    })
  })

  it('tell when everybody can read the key', async () => {
    const { cert = '', key = '' } = one ?? {}
    const open = file(key)
    chmodSync(open, 0o644)

    expect(await read(file(cert), open)).toMatchObject({ right: { isKeyOpen: process.platform !== 'win32' } })
  })

  it('have each problem told, by variable and path', async () => {
    const [missing, empty, folderPath] = [join(folder, 'missing.pem'), file(''), join(folder, 'a-folder')]
    mkdirSync(folderPath)

    expect(await read(missing, empty, folderPath)).toEqual({
      _tag: 'Left',
      left: [
        `TLS_CERTIFICATE_FILE ${missing} is not there`,
        `TLS_KEY_FILE ${empty} is empty`,
        `TLS_CLIENT_CA_FILE ${folderPath} is no regular file`,
      ],
    })
  })

  it.each<[what: string, problem: string, files: () => readonly [string, string, string?]]>([
    ['no PEM', 'holds no certificate in PEM', () => ['hello', one?.key ?? '']],
    ['a key where a certificate should be', 'holds no certificate in PEM', () => [one?.key ?? '', one?.key ?? '']],
    [
      'a broken certificate',
      'holds a certificate that cannot be read',
      () => ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', one?.key ?? ''],
    ],
    ['no key', 'holds no private key in PEM', () => [one?.cert ?? '', one?.cert ?? '']],
    [
      'a broken key',
      'holds a private key that cannot be read',
      () => [one?.cert ?? '', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ],
    [
      'an encrypted key',
      'holds a private key that is encrypted',
      () => [one?.cert ?? '', pemOf(one?.key ?? '', { cipher: 'aes-256-cbc', passphrase: 'x' })],
    ],
    [
      'an encrypted key of the old form',
      'holds a private key that is encrypted',
      () => [one?.cert ?? '', pemOf(one?.key ?? '', { type: 'sec1', cipher: 'aes-128-cbc', passphrase: 'x' })],
    ],
    ['the key of another', 'holds the key of another certificate', () => [one?.cert ?? '', other?.key ?? '']],
    [
      'the chain in the wrong order',
      'must begin with the certificate of the key',
      () => [`${other?.cert ?? ''}${one?.cert ?? ''}`, one?.key ?? ''],
    ],
    ['no authority', 'holds no certificate in PEM', () => [one?.cert ?? '', one?.key ?? '', '\n']],
    ['too much', 'is larger than 1 MiB', () => [one?.cert ?? '', one?.key ?? '', ' '.repeat(1_048_577)]],
  ])('are not taken with %s', async (_what, problem, files) => {
    const [cert, key, ca] = files()
    const result = await read(file(cert), file(key), ca === undefined ? undefined : file(ca))

    expect(result).toEqual({ _tag: 'Left', left: [expect.stringContaining(problem)] })
    // Nothing that a file holds.
    expect(JSON.stringify(result)).not.toMatch(/BEGIN PRIVATE KEY-----\\n|AAAA/)
  })

  it('are taken although the certificate has expired: that is told, and callers decide', async () => {
    const expired = await aCertificate({
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2020-02-01T00:00:00Z'),
    })

    expect(await read(file(expired.cert), file(expired.key))).toMatchObject({
      right: { notAfter: new Date('2020-02-01T00:00:00Z') },
    })
  })
})
