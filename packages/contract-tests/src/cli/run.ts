import { graphVersions } from '@device-install-state/model/operations'
import { type Place, placesBelow } from '../contract/index.js'
import type { Result } from '../report/finding.js'
import type { Report } from '../report/report.js'
import { createsOf, nodeHttpSend, probe, runSuite, type Side } from '../suite/index.js'
import { shownAddress } from '../suite/node-http-send.js'
import { type CommandContext, type ContractCommand, WrongUsage } from './command.js'
import { tokenOf, tokenVariableName } from './token-of.js'

const usage = `
usage: contract-tests run --target URL [--token-command 'COMMAND'] [OPTIONS]

Holds whatever answers at URL against the contract: every property of a body gone, of other kinds, of other forms;
methods, paths, content types, tokens; then bodies that are drawn at random.

By itself it creates nothing. The gateway is asked to validate alone (Prefer: handling=validate-only). Graph is asked
only what it cannot take for a create.

  --target URL            where /v1.0 and /beta begin
  --side gateway|graph    what answers there; gateway unless you say otherwise
  --token-command 'CMD'   prints an access token for the target, and nothing else; without it the token
                          is in the variable ${tokenVariableName}
  --create                really creates device install states, below --book
  --book ID               the managedEBook to create below; wanted with --create
  --user-summary ID       its userInstallStateSummary, likewise
  --graph-version V       v1.0 or beta alone; both unless you say otherwise
  --rounds N              how many bodies of each kind are drawn; 100. With --create none, unless you say
                          so: the valid ones would be created
  --seed N                draws the same bodies again
  --timeout SECONDS       for each answer; 30

The target may speak https with a certificate of your own authority: NODE_EXTRA_CA_CERTS=file.
`

interface Plan {
  readonly target: URL
  readonly side: Side
  readonly creates: boolean
  readonly places: ReadonlyArray<Place>
  readonly rounds: number
  readonly seed: number
  readonly timeoutInMs: number
}

type Values = CommandContext['values']

const textIn = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

const targetOf = (text: string | undefined): URL | string => {
  if (text === undefined) return '--target is missing: the address of a gateway, or of Graph.'
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return '--target is no http or https address.'
  if (url.username !== '' || url.password !== '') return '--target has a user in it; the token is all that is sent.'
  if (url.search !== '' || url.hash !== '') return '--target has a query or a fragment.'
  return /\/(?:v1\.0|beta)\/?$/.test(url.pathname) ? '--target goes without /v1.0 or /beta.' : url
}

const numberOf = (values: Values, name: string, absent: number, least: number, most = Infinity): number | string => {
  const text = textIn(values, name)
  if (text === undefined) return absent
  const number = Number(text)
  const bounds = most === Infinity ? `${String(least)} or more` : `${String(least)} to ${String(most)}`
  return /^\d{1,10}$/.test(text) && number >= least && number <= most
    ? number
    : `--${name} is no whole number, ${bounds}.`
}

/** All that is wrong with the options is told at once, and nothing is sent. */
const planOf = ({ positionals, values }: CommandContext, draw: () => number): Plan => {
  const creates = values['create'] === true
  const target = targetOf(textIn(values, 'target'))
  const side = textIn(values, 'side') ?? 'gateway'
  const version = textIn(values, 'graph-version')
  const book = textIn(values, 'book')
  const summary = textIn(values, 'user-summary')
  const rounds = numberOf(values, 'rounds', creates || side === 'graph' ? 0 : 100, 0)
  const seed = numberOf(values, 'seed', draw(), 0)
  const timeout = numberOf(values, 'timeout', 30, 1, 3_600)
  const versions = graphVersions.filter((known) => version === undefined || known === version)
  const problems = [
    ...(positionals.length === 0 ? [] : ['What is to be tested is an option: --target URL.']),
    ...[target, rounds, seed, timeout].filter((value) => typeof value === 'string'),
    ...(side === 'gateway' || side === 'graph' ? [] : ['--side is neither gateway nor graph.']),
    ...(versions.length === 0 ? ['--graph-version is neither v1.0 nor beta.'] : []),
    ...(creates && (book === undefined || summary === undefined)
      ? ['--create wants --book and --user-summary: where the states are to be created.']
      : []),
    ...(!creates && side === 'graph' && typeof rounds === 'number' && rounds > 0
      ? ['--rounds with --side graph wants --create: Graph would create what is drawn.']
      : []),
  ]
  if (
    problems.length > 0 ||
    typeof target === 'string' ||
    typeof rounds === 'string' ||
    typeof seed === 'string' ||
    typeof timeout === 'string' ||
    (side !== 'gateway' && side !== 'graph')
  ) {
    throw new WrongUsage([...problems, 'See "contract-tests run --help".'].join('\n'))
  }
  return {
    target,
    side,
    creates,
    places: placesBelow(
      { managedEBookId: book ?? 'contract-tests', userInstallStateSummaryId: summary ?? 'contract-tests' },
      versions,
    ),
    rounds,
    seed,
    timeoutInMs: timeout * 1000,
  }
}

const whatIsDone = ({ creates, places, rounds, side, target }: Plan): string => {
  const states = createsOf(side, places) + (creates ? rounds : 0)
  const address = shownAddress(target)
  if (creates) return `${address}: about ${String(states)} device install states will be CREATED, and stay.`
  return side === 'gateway'
    ? `${address}: nothing will be created; with --create ${String(states)} device install states would be.`
    : `${address}: nothing will be created, so that most of Graph's contract is not looked at; with --create ${String(states)} device install states would be.`
}

const titles: Readonly<Record<Side, string>> = {
  gateway: 'The contract of the gateway',
  graph: 'The contract of Microsoft Graph',
}

export const runCommand: ContractCommand = {
  name: 'run',
  summary: 'hold a running gateway, or Graph, against the contract',
  usage,
  options: {
    target: { type: 'string' },
    side: { type: 'string' },
    'token-command': { type: 'string' },
    create: { type: 'boolean' },
    book: { type: 'string' },
    'user-summary': { type: 'string' },
    'graph-version': { type: 'string' },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    timeout: { type: 'string' },
  },
  run: async (context) => {
    const plan = planOf(context, () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0)
    const { creates, places, rounds, seed, side, target, timeoutInMs } = plan
    const startedAt = new Date()
    context.err(`${whatIsDone(plan)}\n`)
    const token = await tokenOf(textIn(context.values, 'token-command'), context.environment)
    // What draws takes more than a second to load, and nothing else is done meanwhile: a connection that was kept might have
    // been closed by then, and nobody have seen it.
    const { runRounds } = rounds > 0 ? await import('../rounds/index.js') : {}
    const { close, send } = nodeHttpSend(target, timeoutInMs)
    try {
      const subject = { side, send, token }
      const [place] = places
      if (place !== undefined) await probe(subject, place)
      let looked = 0
      const onResult = (result: Result): void => {
        context.tell(result)
        context.progress(`${String(++looked)} looked at`)
      }
      const onWait = (inSeconds: number): void =>
        context.progress(`the target asks to wait for ${String(inSeconds)} seconds`)
      const options = { places, onResult, onWait, signal: context.signal }
      const results = [...(await runSuite(subject, { ...options, creates }))]
      if (runRounds !== undefined) {
        const handling = creates ? 'create' : 'validate-only'
        results.push(...(await runRounds(subject, { ...options, handling, runs: rounds, seed })))
      }
      return reportOf(plan, startedAt, results)
    } finally {
      close()
    }
  },
}

const reportOf = (
  { creates, rounds, seed, side, target }: Plan,
  startedAt: Date,
  results: ReadonlyArray<Result>,
): Report => ({
  title: titles[side],
  subject: shownAddress(target),
  startedAt,
  durationInMs: Date.now() - startedAt.getTime(),
  results,
  notes: [
    creates ? 'States were created below the book that was named.' : 'Nothing was created.',
    ...(side === 'graph' && !creates ? ['Most of Graph’s contract was skipped: with --create it is looked at.'] : []),
    ...(rounds === 0 ? [] : [`Bodies were drawn with --seed ${String(seed)}.`]),
  ],
})
