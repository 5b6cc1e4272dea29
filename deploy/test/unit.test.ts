import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeConfig } from '../../apps/proxy/src/config/index.js'
import { skippedAloud } from './skipped-aloud.js'
import { fileAt } from './the-metrics.js'
import { secondsToStop } from './the-proxy.js'

const name = 'device-install-state-proxy.service'
const unit = fileAt(`deploy/systemd/${name}`)

/** Lines `NAME=VALUE` that are no comments. */
const pairsIn = (text: string): ReadonlyArray<readonly [name: string, value: string]> =>
  [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value])

const valuesOf = (key: string): ReadonlyArray<string> =>
  pairsIn(unit).flatMap(([one, value]) => (one === key ? [value] : []))
const only = (key: string): string => {
  const [value, ...more] = valuesOf(key)
  if (value === undefined || more.length > 0) throw new Error(`not one ${key}`)
  return value
}

/** As systemd hands it on: what the administrator's file says comes last. */
const environment = (credentials: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [
      ...valuesOf('Environment').flatMap((line) => pairsIn(line.replaceAll(' ', '\n'))),
      ...pairsIn(fileAt('deploy/systemd/gateway.env')),
    ].map(([variable, value]) => [variable, value.replace('%S', '/var/lib').replace('%d', credentials)]),
  )

describe('the unit', () => {
  it('hands on an environment that the proxy takes', () => {
    const credentials = mkdtempSync(join(tmpdir(), 'credentials-'))
    const [credential = ''] = only('LoadCredential').split(':')
    writeFileSync(join(credentials, credential), 'a secret\n')
    const decoded = decodeConfig(environment(credentials))
    const misspelt = decodeConfig({ ...environment(credentials), AUDIT_DIRECTRY: '/x' })
    rmSync(credentials, { recursive: true })

    expect(decoded).toMatchObject({ _tag: 'Right', right: { upstream: { credential: { clientSecret: 'a secret' } } } })
    expect(misspelt._tag).toBe('Left')
  })

  it('gives it one folder to write to, and has the ledger there', () => {
    const state = only('StateDirectory')

    expect([only('ProtectSystem'), only('StateDirectoryMode'), valuesOf('ReadWritePaths')]).toEqual([
      'strict',
      '0700',
      [],
    ])
    expect(environment('')['AUDIT_DIRECTORY']).toBe(`/var/lib/${state}/audit`)
  })

  it('runs the program of the folder that is deployed, as a user that is made for it', () => {
    expect(only('ExecStart')).toBe('/usr/bin/node /opt/device-install-state/current/dist/main.js')
    expect(fileAt('deploy/systemd/device-install-state.sysusers.conf')).toMatch(
      new RegExp(`^u ${only('User')} - ".*" /var/lib/${only('StateDirectory')}$`, 'm'),
    )
  })

  it('lets it come to its end before it is killed', () => {
    expect(Number(only('TimeoutStopSec'))).toBeGreaterThan(secondsToStop(environment('')))
  })

  it('starts it again, unless its environment is wrong', () => {
    expect(only('Restart')).toBe('on-failure')
    expect(fileAt('apps/proxy/src/main.ts')).toContain(`const exitConfig = ${only('RestartPreventExitStatus')}\n`)
  })

  it('grants it as many files as it may open', () => {
    const most = /`CALLER_MAX_CONNECTIONS` .*?`(\d+)`/.exec(fileAt('docs/configuration.md'))?.[1]

    expect(Number(most)).toBeGreaterThan(0)
    expect(Number(only('LimitNOFILE'))).toBeGreaterThan(Number(most) + 1_000)
  })

  it('takes away what a gateway does not need, and leaves V8 its machine code', () => {
    expect(Object.fromEntries(pairsIn(unit))).toMatchObject({
      NoNewPrivileges: 'yes',
      CapabilityBoundingSet: '',
      PrivateDevices: 'yes',
      RestrictNamespaces: 'yes',
      SystemCallArchitectures: 'native',
      MemoryDenyWriteExecute: 'no',
    })
    expect(valuesOf('SystemCallFilter')).toEqual(['@system-service', '~@privileged @resources'])
  })
})

describe.skipIf(skippedAloud(spawnSync('systemd-analyze', ['--version']).status === 0, 'the unit, by systemd-analyze'))(
  'the unit, by systemd-analyze',
  () => {
    const analyze = (text: string, ...args: ReadonlyArray<string>) => {
      const folder = mkdtempSync(join(tmpdir(), 'unit-'))
      const file = join(folder, name)
      writeFileSync(file, text.replace('/usr/bin/node', process.execPath))
      const { status, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
      rmSync(folder, { recursive: true })
      return { status, complaints: stderr.split('\n').filter((line) => line.includes(name)) }
    }

    it('has no line that systemd does not know', () => {
      expect(analyze(unit, 'verify')).toEqual({ status: 0, complaints: [] })
      expect(analyze(unit.replace('ProtectHome', 'ProtectHouse'), 'verify').complaints.join()).toContain('ProtectHouse')
    })

    it('is exposed no more than 1.5 of 10', () => {
      const threshold = ['security', '--offline=true', '--threshold=15']

      expect(analyze(unit, ...threshold).status).toBe(0)
      expect(analyze(unit.replace(/^SystemCallFilter=.*$/gm, ''), ...threshold).status).not.toBe(0)
    })
  },
)
