import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { aCertificate, type Certificate } from '../../test/a-certificate.js'
import { readTlsFiles, type TlsFiles } from './node-tls-files.js'
import { watchTlsFiles } from './node-tls-watch.js'
import { until } from '../../test/until.js'

const none: Certificate = { cert: '', key: '' }
let [first, second, third] = [none, none, none]
beforeAll(async () => {
  ;[first, second, third] = await Promise.all([aCertificate(), aCertificate(), aCertificate()])
})

let folder = ''
let stop = (): void => undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
})
afterEach(() => {
  stop()
  rmSync(folder, { recursive: true })
})

/** As Node prints it: the same, but for how its lines end. */
const printed = (cert: string): string => new X509Certificate(cert).toString()

const put = (into: string, { cert, key }: Certificate): void => {
  writeFileSync(join(into, 'tls.crt'), cert)
  writeFileSync(join(into, 'tls.key'), key, { mode: 0o600 })
}

const aWatch = async (place = folder, now = () => new Date()) => {
  const config = {
    certificateFile: join(place, 'tls.crt'),
    keyFile: join(place, 'tls.key'),
    clientCaFile: undefined,
    coversAdmin: false,
  }
  const files = await readTlsFiles(config)()
  if (files._tag === 'Left') throw new Error(files.left.join('; '))
  const taken: Array<TlsFiles> = []
  const [alarms, infos]: [Array<string>, Array<string>] = [[], []]
  const told = (lines: Array<string>) => (what: string, detail?: unknown) =>
    lines.push(`${what} ${JSON.stringify(detail)}`)
  ;({ stop } = watchTlsFiles({
    config,
    files: files.right,
    everyInMs: 1,
    now,
    take: (next) => taken.push(next),
    alarm: told(alarms),
    info: told(infos),
  }))
  return { taken, alarms, infos, certificates: () => taken.map(({ certificate }) => certificate) }
}

describe('certificate and key are taken from the next connection on', () => {
  it('when they are written in place, one after the other; meanwhile the old ones stay, which is an alarm', async () => {
    put(folder, first)
    const { alarms, certificates, infos } = await aWatch()
    writeFileSync(join(folder, 'tls.crt'), second.cert)
    await until(() => alarms.length > 0)
    expect(alarms).toEqual([expect.stringContaining('holds the key of another certificate')])
    expect(certificates()).toEqual([])
    writeFileSync(join(folder, 'tls.key'), second.key)
    await until(() => certificates().length > 0)

    expect(certificates()).toEqual([second.cert].map(printed))
    expect(infos.at(-1)).toMatch(/are used from now on .*"notAfter":"20/)
    expect(alarms).toHaveLength(1)
  })

  it('when a link beside them is made to lead elsewhere, as Kubernetes does', async () => {
    for (const [name, certificate] of [
      ['..2026_1', first],
      ['..2026_2', second],
      ['..2026_3', third],
    ] as const) {
      mkdirSync(join(folder, name))
      put(join(folder, name), certificate)
    }
    symlinkSync('..2026_1', join(folder, '..data'))
    symlinkSync('..data/tls.crt', join(folder, 'tls.crt'))
    symlinkSync('..data/tls.key', join(folder, 'tls.key'))
    const { alarms, certificates } = await aWatch()
    for (const name of ['..2026_2', '..2026_3']) {
      symlinkSync(name, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
      const before = certificates().length
      await until(() => certificates().length > before)
    }

    expect(certificates()).toEqual([second.cert, third.cert].map(printed))
    expect(alarms).toEqual([])
  })

  it('when they are removed and come back under their names', async () => {
    put(folder, first)
    const { alarms, certificates, infos } = await aWatch()
    renameSync(join(folder, 'tls.key'), join(folder, 'tls.key.old'))
    await until(() => alarms.length > 0)
    expect(alarms[0]).toContain('is not there')
    renameSync(join(folder, 'tls.key.old'), join(folder, 'tls.key'))
    await until(() => infos.some((line) => line.includes('well again')))
    expect(certificates()).toEqual([])
    put(folder, second)
    await until(() => certificates().length > 0)

    expect(certificates()).toEqual([second.cert].map(printed))
  })

  it('but not when they were only touched', async () => {
    put(folder, first)
    const { certificates } = await aWatch()
    copyFileSync(join(folder, 'tls.crt'), join(folder, 'copy'))
    renameSync(join(folder, 'copy'), join(folder, 'tls.crt'))
    put(folder, first)
    put(folder, second)
    await until(() => certificates().length > 0)

    expect(certificates()).toEqual([second.cert].map(printed))
  })
})

describe('a certificate that comes to its end', () => {
  it('is an alarm two weeks before, again each day, and when it is there', async () => {
    const { notAfter, notBefore } = {
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2026-12-31T00:00:00Z'),
    }
    put(folder, await aCertificate({ notBefore, notAfter }))
    let now = new Date('2026-12-01T00:00:00Z')
    const { alarms } = await aWatch(folder, () => now)
    expect(alarms).toEqual([])
    for (const [at, words] of [
      ['2026-12-17T00:00:01Z', 'expires soon'],
      ['2026-12-18T00:00:02Z', 'expires soon'],
      ['2026-12-31T00:00:00Z', 'has expired'],
    ] as const) {
      now = new Date(at)
      const before = alarms.length
      await until(() => alarms.length > before)
      expect(alarms.at(-1)).toContain(words)
    }
    expect(alarms).toHaveLength(3)
  })

  it.each([
    ['2026-01-01T18:00:00Z', []],
    ['2026-01-01T20:00:00Z', ['expires soon']],
    ['2025-12-31T23:59:00Z', ['not valid yet']],
  ])('and lives for a day is an alarm in its last fifth, or before it begins (%s)', async (at, expected) => {
    const [notBefore, notAfter] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]
    put(folder, await aCertificate({ notBefore, notAfter }))
    const { alarms } = await aWatch(folder, () => new Date(at))

    expect(alarms).toEqual(expected.map((words) => expect.stringContaining(words)))
  })
})
