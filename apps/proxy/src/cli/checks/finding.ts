import { wordsOfFault } from '../../forward/entra-error.js'

/** What `check-config` looks at, in the order in which it tells. Programs go by these names: none is ever given another meaning. */
export const checkNames = [
  'runtime',
  'environment',
  'settings',
  'secretFiles',
  'extraAuthorities',
  'tlsFiles',
  'credential',
  'auditDirectory',
  'auditDatabase',
  'auditKeys',
  'checkpointFile',
  'issuerKeys',
  'clock',
  'upstreamToken',
  'permissions',
  'graph',
  'auditStore',
] as const
export type CheckName = (typeof checkNames)[number]

/** What came of one look at one thing. `unknown`: it could not be told, which is no fault by itself. */
export interface Finding {
  readonly check: CheckName
  readonly result: 'ok' | 'warn' | 'fail' | 'unknown'
  /** The variable, file, issuer or host that was looked at, where there may be several. */
  readonly about?: string
  /** How it stands. Nothing of it is a secret. */
  readonly what: string
  readonly toDo?: string
}

export type Findings = ReadonlyArray<Finding>

/** A look at something; it is bounded, and never rejects, once it went through `bounded`. */
export interface Check {
  readonly name: CheckName
  readonly look: () => Findings | Promise<Findings>
}

const longestCheckInMs = 10_000

/** What comes of a check within its time, whatever happens to it. */
export const bounded = async ({ look, name }: Check, timeInMs: number = longestCheckInMs): Promise<Findings> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Findings>((resolve) => {
    timer = setTimeout(
      () => resolve([{ check: name, result: 'fail', what: `no answer within ${String(timeInMs / 1000)} seconds` }]),
      timeInMs,
    )
  })
  const looked = async (): Promise<Findings> => {
    try {
      return await look()
    } catch (fault) {
      return [{ check: name, result: 'fail', what: `it could not be looked at: ${wordsOfFault(fault)}` }]
    }
  }
  try {
    return await Promise.race([looked(), late])
  } finally {
    clearTimeout(timer)
  }
}

const dayInMs = 24 * 3_600_000
const soonInMs = 14 * dayInMs

/** How a certificate stands by its times. */
export const findingOfTimes = (
  check: CheckName,
  about: string,
  { notAfter, notBefore }: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
): Omit<Finding, 'what'> & { readonly until: string } => {
  const until = `valid until ${notAfter.toISOString().slice(0, 16)}Z`
  if (notAfter < now) return { check, about, result: 'fail', until: `no longer valid (${until})`, toDo: 'renew it' }
  if (notBefore > now)
    return {
      check,
      about,
      result: 'fail',
      until: `not valid before ${notBefore.toISOString()}`,
      toDo: 'see whether the clock of this host is right',
    }
  return notAfter.getTime() - now.getTime() < soonInMs
    ? { check, about, result: 'warn', until, toDo: 'renew it soon' }
    : { check, about, result: 'ok', until }
}
