import * as t from 'io-ts'

const Advisory = t.type({
  github_advisory_id: t.string,
  module_name: t.string,
  severity: t.string,
  title: t.string,
  url: t.string,
  patched_versions: t.union([t.string, t.null]),
  findings: t.array(t.type({ version: t.string, paths: t.array(t.string) })),
})

/** What we look at of the answer of `pnpm audit --json`. */
export const Audit = t.type({ advisories: t.record(t.string, Advisory) })
export type Audit = t.TypeOf<typeof Audit>

/** An advisory that someone has looked at, and that we live with until a day (YYYY-MM-DD, that day included). */
const Acknowledged = t.type({ id: t.string, package: t.string, reason: t.string, until: t.string })
type Acknowledged = t.TypeOf<typeof Acknowledged>

/** `advisories.json`. */
export const Acknowledgements = t.type({ acknowledged: t.array(Acknowledged) })
export type Acknowledgements = t.TypeOf<typeof Acknowledgements>

/** For longer nobody can say that an advisory does not concern us. */
const longestInDays = 180

const dayInMs = 24 * 60 * 60 * 1000

/** The day as it counts, or nothing if there is none of that name, such as 2027-02-30. */
const dayOf = (text: string): number | undefined => {
  const time = Date.parse(`${text}T00:00:00.000Z`)
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time / dayInMs
}

const named = ({ id, package: name }: Acknowledged): string => `${id} (${name})`

/** Why an acknowledgement cannot stand, whatever the audit says; nothing if it can. */
const unfit = (one: Acknowledged, today: number): string | undefined => {
  const until = dayOf(one.until)
  if (until === undefined) return `${named(one)}: "${one.until}" is no day; write it as 2027-01-31`
  if (one.reason.trim().length < 20) return `${named(one)}: say in a sentence why it does not concern us`
  if (until < today) return `${named(one)}: the acknowledgement ended with ${one.until}; look at it again`
  if (until > today + longestInDays)
    return `${named(one)}: no more than ${longestInDays} days from today, so that someone looks again`
  return undefined
}

const told = ({
  findings,
  github_advisory_id: id,
  module_name: name,
  severity,
  title,
  url,
  patched_versions: patched,
}: Audit['advisories'][string]) => {
  const versions = findings.map(({ version }) => version).join(', ')
  const way = findings
    .flatMap(({ paths }) => paths)
    .slice(0, 3)
    .join('; ')
  const cure = patched === null ? 'no version without it is known' : `without it: ${patched}`
  return `${id}: ${name} ${versions}, ${severity}: ${title} (${cure}; by ${way}; ${url})`
}

/**
 * What someone must look at, a line each: advisories that nobody acknowledged, acknowledgements that have ended or say too little, and
 * those that no advisory matches any more. Nothing if all is well.
 */
export const adviceOf = (
  { advisories }: Audit,
  { acknowledged }: Acknowledgements,
  now: Date,
): ReadonlyArray<string> => {
  const today = Math.floor(now.getTime() / dayInMs)
  const open = Object.values(advisories)
  const isOf = (one: Acknowledged) => (advisory: (typeof open)[number]) =>
    advisory.github_advisory_id === one.id && advisory.module_name === one.package
  return [
    ...open.filter((advisory) => !acknowledged.some((one) => isOf(one)(advisory))).map(told),
    ...acknowledged.flatMap((one) =>
      open.some(isOf(one))
        ? (unfit(one, today) ?? [])
        : [`${named(one)}: no such advisory concerns us any more; take it out`],
    ),
  ]
}
