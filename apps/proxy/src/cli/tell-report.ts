import type { LedgerReport, StreamReport } from '../audit/verify-report.js'
import type { VerifyingKeys } from './verifying-keys.js'
import { visibleText } from './visible-text.js'

const thousands = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')

const plural = (count: number, what: string): string => `${thousands(count)} ${what}${count === 1 ? '' : 's'}`

const signaturesText = ({
  checkpoints: { proved, provedBy, seen },
  last,
  provedUpTo,
}: StreamReport): ReadonlyArray<string> => {
  const by = Object.entries(provedBy).map(([keyId, count]) => `${thousands(count)} by ${keyId}`)
  return [
    `${plural(seen, 'checkpoint')}, ${proved === seen && seen > 0 ? 'all' : thousands(proved)} with a good signature${by.length === 0 ? '' : ` (${by.join(', ')})`}`,
    provedUpTo === 0
      ? 'NO SIGNATURE covers any of it'
      : `signed up to record ${thousands(provedUpTo)}${last > provedUpTo ? `; ${plural(last - provedUpTo, 'record')} after it ${last - provedUpTo === 1 ? 'is' : 'are'} not signed yet` : ''}`,
  ]
}

const problemsText = ({ problems, problemsByKind }: StreamReport): ReadonlyArray<string> => {
  const [first, ...others] = problems
  if (first === undefined) return []
  const counts = Object.entries(problemsByKind).map(([kind, count]) => `${thousands(count)} ${kind}`)
  return [
    `FIRST BAD RECORD: ${thousands(first.sequence)} (${first.kind}): ${visibleText(first.message)}`,
    ...others
      .slice(0, 4)
      .map(({ kind, message, sequence }) => `then ${thousands(sequence)} (${kind}): ${visibleText(message)}`),
    ...(others.length > 4 ? [`in all: ${counts.join(', ')}`] : []),
  ]
}

const streamText = (report: StreamReport, signaturesChecked: boolean): string => {
  const { checkpoints, count, first, head, last, openIntents, problems, pruned, savedCompared, savedPruned, stream } =
    report
  const newestSaved = savedCompared.at(-1)
  const lines = [
    ...(count === 0 ? [] : [`the hash of the last is ${visibleText(head ?? '')}`]),
    ...(signaturesChecked
      ? signaturesText(report)
      : [`${plural(checkpoints.seen, 'checkpoint')}, no signature checked`]),
    ...(openIntents === 0 ? [] : [`${plural(openIntents, 'call')} without an end yet`]),
    ...(pruned === undefined
      ? []
      : [
          `what was before record ${thousands(pruned.before)} was pruned, as record ${thousands(pruned.by)} tells${pruned.isProved ? '' : ', which no signature that was checked covers'}`,
        ]),
    ...(savedPruned.length === 0
      ? []
      : [`${plural(savedPruned.length, 'saved checkpoint')} of that part cannot be compared any more`]),
    ...(newestSaved === undefined || problems.length > 0
      ? []
      : [
          `as it was when ${savedCompared.length === 1 ? 'the checkpoint was' : `${thousands(savedCompared.length)} checkpoints were`} saved, up to record ${thousands(newestSaved)}`,
        ]),
    ...problemsText(report),
  ]
  const what = count === 0 ? 'no records' : `records ${thousands(first)} to ${thousands(last)} (${thousands(count)})`
  return [`Stream ${String(stream)}: ${what}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** In a word. */
export const verdictOf = ({ isSound, isWhole }: LedgerReport): 'sound' | 'unsound' | 'incomplete' =>
  isSound ? (isWhole ? 'sound' : 'incomplete') : 'unsound'

const lastWords = {
  sound: 'SOUND: none of these records was changed, left out, added or moved, as far as what is above can show.',
  unsound: 'NOT SOUND. Keep a copy of the ledger as it is, and find out who did this.',
  incomplete: 'NOT READ TO THE END. Nothing bad was found in what was read.',
} as const

const keysText = ({ from, why = '' }: VerifyingKeys): ReadonlyArray<string> => {
  switch (from) {
    case 'given':
      return []
    case 'ownFile':
      return [
        'Signatures were checked with the key of whoever runs the proxy. For a proof against them, give --public-key, which you',
        'have had from them before, and --checkpoint.',
      ]
    case 'none':
      return [
        `NO SIGNATURES WERE CHECKED: ${why}. Give --public-key.`,
        'Without, this shows slips and faults of disks, but not what somebody did who can write to the ledger.',
      ]
  }
}

/** The report, for people. */
export const tellReport = (report: LedgerReport, keys: VerifyingKeys): string =>
  [
    `Ledger ${visibleText(report.ledgerId)}`,
    ...report.streams.map((stream) => streamText(stream, report.signaturesChecked)),
    ...report.problems.map(({ kind, message }) => `BAD (${kind}): ${visibleText(message)}`),
    ...(report.indexChecked ? ['The index was compared, too.'] : []),
    ...keysText(keys),
    lastWords[verdictOf(report)],
    '',
  ].join('\n')
