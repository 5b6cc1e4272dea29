import { stat } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TlsConfig } from '../config/index.js'
import { readTlsFiles, stateOf, type TlsFiles } from './node-tls-files.js'

interface TlsWatchSettings {
  readonly config: TlsConfig
  /** What is used when the watch begins. */
  readonly files: TlsFiles
  readonly everyInMs: number
  readonly now: () => Date
  /** Told what is to be used from now on. */
  readonly take: (files: TlsFiles) => void
  readonly alarm: (what: string, detail?: Readonly<Record<string, unknown>>) => void
  readonly info: (what: string, detail?: Readonly<Record<string, unknown>>) => void
}

const dayInMs = 86_400_000
const mostDaysBefore = 14

type Validity = 'well' | 'notYetValid' | 'expiresSoon' | 'expired'

/** Two weeks are soon for a certificate of a year; of one that lives for a day it is its last fifth. */
const validityOf = ({ notAfter, notBefore }: TlsFiles, now: Date): Validity => {
  const leftInMs = notAfter.getTime() - now.getTime()
  if (leftInMs <= 0) return 'expired'
  if (now < notBefore) return 'notYetValid'
  const soonInMs = Math.min(mostDaysBefore * dayInMs, (notAfter.getTime() - notBefore.getTime()) / 5)
  return leftInMs < soonInMs ? 'expiresSoon' : 'well'
}

const alarms: Readonly<Record<Exclude<Validity, 'well'>, string>> = {
  notYetValid: 'the certificate in TLS_CERTIFICATE_FILE is not valid yet: callers will not trust it',
  expiresSoon: 'the certificate in TLS_CERTIFICATE_FILE expires soon: put a new one there',
  expired: 'the certificate in TLS_CERTIFICATE_FILE has expired: callers do not trust it; put a new one there',
}

const stateNow = async ({ certificateFile, clientCaFile, keyFile }: TlsConfig): Promise<string> => {
  const states = [certificateFile, keyFile, clientCaFile].map(async (path) =>
    path === undefined ? '' : stateOf(await stat(path, { bigint: true })),
  )
  return (await Promise.all(states)).join('; ')
}

const haveSameContent = (one: TlsFiles, other: TlsFiles): boolean =>
  one.certificate === other.certificate && one.key === other.key && one.clientCa === other.clientCa

export interface TlsWatch {
  /** When the certificate that is shown expires. */
  readonly notAfter: () => Date
  readonly stop: () => void
}

/**
 * Looks at the files again and again, and takes what they hold when they have changed and fit together; what does not is not
 * taken, and looked at again. Renewal may come in steps, so it is an alarm only at the second look. Paths are followed anew each
 * time, through links too, so it does not matter whether a file is replaced, renamed or written in place. Also tells when the
 * certificate expires. Holds no process back from its end.
 */
export const watchTlsFiles = (settings: TlsWatchSettings): TlsWatch => {
  const { alarm, config, everyInMs, info, now, take } = settings
  let files = settings.files
  let problem: string | undefined
  let isTold = false
  let told: { readonly validity: Validity; readonly atInMs: number } = { validity: 'well', atInMs: 0 }
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const tellValidity = (): void => {
    const validity = validityOf(files, now())
    const atInMs = now().getTime()
    if (validity !== 'well' && (validity !== told.validity || atInMs - told.atInMs >= dayInMs)) {
      alarm(alarms[validity], { notAfter: files.notAfter.toISOString() })
      told = { validity, atInMs }
    }
    if (validity === 'well') told = { validity, atInMs }
  }

  const tellOpenKey = (): void => {
    if (files.isKeyOpen) alarm('TLS_KEY_FILE can be read by everybody on this machine: take the rights of others away')
  }

  const taken = (next: TlsFiles): void => {
    const isNew = !haveSameContent(files, next)
    files = next
    if (isNew) {
      take(next)
      info('the TLS files have changed, and are used from now on', inWords(next))
      tellOpenKey()
    } else if (isTold) info('the TLS files are well again')
    problem = undefined
    isTold = false
  }

  const notTaken = (found: string): void => {
    if (found !== problem) isTold = false
    else if (!isTold) {
      alarm('the TLS files have changed, and cannot be used: what they held before still is', { problem: found })
      isTold = true
    }
    problem = found
  }

  const look = async (): Promise<void> => {
    // One that is not there has no state; to read it tells that in words.
    const state = await stateNow(config).catch(() => undefined)
    if (state !== files.state || problem !== undefined) {
      const read = await readTlsFiles(config)()
      if (isStopped) return
      if (E.isLeft(read)) notTaken(read.left.join('; '))
      else taken(read.right)
    }
    tellValidity()
  }

  const schedule = (): void => {
    if (isStopped) return
    timer = setTimeout(() => void look().finally(schedule), everyInMs)
    timer.unref()
  }

  info('TLS is spoken with callers', inWords(files))
  tellOpenKey()
  tellValidity()
  schedule()
  return {
    notAfter: () => files.notAfter,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

const inWords = ({ clientCa, fingerprint, notAfter }: TlsFiles) => ({
  certificate: fingerprint,
  notAfter: notAfter.toISOString(),
  clientCertificates: clientCa === undefined ? 'not asked for' : 'demanded',
})
