import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as t from 'io-ts'
import { load } from 'js-yaml'
import { root } from './pnpm.ts'
import { readAs } from './read-as.ts'

const Step = t.partial({ uses: t.string, run: t.string, with: t.record(t.string, t.unknown), shell: t.string })
const Permissions = t.union([t.string, t.record(t.string, t.string)])
const Job = t.partial({ uses: t.string, steps: t.array(Step), permissions: Permissions, 'timeout-minutes': t.number })

const Workflow = t.type({
  on: t.record(t.string, t.unknown),
  permissions: t.record(t.string, t.string),
  jobs: t.record(t.string, Job),
})
type Workflow = t.TypeOf<typeof Workflow>
type Job = t.TypeOf<typeof Job>
type Step = t.TypeOf<typeof Step>

const Action = t.type({ runs: t.type({ steps: t.array(Step) }) })

/** What package.json says of the commands that there are. */
export interface Commands {
  readonly scripts: Readonly<Record<string, string>>
}

const fromYaml = <A>(codec: t.Type<A, unknown>, name: string, text: string): A =>
  readAs(codec, name, JSON.stringify(load(text)))

const isOurs = (uses: string): boolean => uses.startsWith('./')

/** Who else's code runs must be said by commit, since a tag can be moved; the version beside it is for readers, and for Dependabot. */
const pinned = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^[\s-]*uses: *(.*)$/gm)].flatMap(([, uses = '']) => {
    if (isOurs(uses)) return existsSync(join(root, uses)) ? [] : [`${uses} is not there`]
    return /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses)
      ? []
      : [`${uses} is not pinned to a commit, with its version behind it`]
  })

/** What is in an event comes from strangers, and would be read as a part of the script; by `env` it stays a value. */
const spliced = (steps: ReadonlyArray<Step>): ReadonlyArray<string> =>
  steps.flatMap(({ run = '' }) => (run.includes('${{') ? [`"${run.trim()}" has an expression; pass it by env`] : []))

const missing = (line: string, { scripts }: Commands): boolean => {
  const [, script] = /^p?npm (?:run )?(?:--\S+ )*([\w:-]+)/.exec(line) ?? []
  const [, tool] = /^pnpm exec (\S+)/.exec(line) ?? []
  const [, file] = /^node (\S+)/.exec(line) ?? []
  if (tool !== undefined) return !existsSync(join(root, 'node_modules/.bin', tool))
  if (file !== undefined) return !existsSync(join(root, file))
  return script !== undefined && !['install', 'audit'].includes(script) && !(script in scripts)
}

const absent = (steps: ReadonlyArray<Step>, commands: Commands): ReadonlyArray<string> =>
  steps
    .flatMap(({ run = '' }) => run.split('\n'))
    .filter((line) => missing(line.trim(), commands))
    .map((line) => `"${line.trim()}" is no command of ours`)

const keepsCredentials = (steps: ReadonlyArray<Step>): ReadonlyArray<string> =>
  steps
    .filter(
      ({ uses = '', with: inputs }) =>
        uses.startsWith('actions/checkout@') && inputs?.['persist-credentials'] !== false,
    )
    .map(() => 'a checkout leaves its token on the disk (persist-credentials: false)')

/** Those that run with our rights on what a stranger sent. */
const dangerous: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run', 'issue_comment'])

const publishes = ({ steps = [] }: Job): boolean =>
  steps.some(({ uses = '' }) => uses.startsWith('changesets/action/publish@'))

const rightsOf = (name: string, job: Job): ReadonlyArray<string> => {
  const { permissions = {} } = job
  if (typeof permissions === 'string') return [`${name} has ${permissions}`]
  return permissions['id-token'] === 'write' && !publishes(job)
    ? [`${name} has id-token: write, and publishes nothing`]
    : []
}

const endless = (name: string, job: Job): ReadonlyArray<string> =>
  job.uses === undefined && job['timeout-minutes'] === undefined ? [`${name} may run for hours (timeout-minutes)`] : []

const unasked = ({ jobs, on, permissions }: Workflow): ReadonlyArray<string> => [
  ...Object.keys(on)
    .filter((event) => dangerous.has(event))
    .map((event) => `${event} runs what strangers send with our rights`),
  ...Object.entries(permissions)
    .filter(([right, extent]) => right !== 'contents' || extent !== 'read')
    .map(([right, extent]) => `all jobs have ${right}: ${extent}`),
  ...Object.entries(jobs).flatMap(([name, job]) => [...rightsOf(name, job), ...endless(name, job)]),
]

const inSteps = (text: string, steps: ReadonlyArray<Step>, commands: Commands): ReadonlyArray<string> => [
  ...pinned(text),
  ...spliced(steps),
  ...absent(steps, commands),
  ...keepsCredentials(steps),
]

/** Why a workflow should not run here; nothing if it may. */
export const problemsInWorkflow = (name: string, text: string, commands: Commands): ReadonlyArray<string> => {
  const workflow = fromYaml(Workflow, name, text)
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? [])
  return [
    ...unasked(workflow),
    ...inSteps(text, steps, commands),
    ...(text.includes('secrets.') ? ['a secret is used; npm trusts the workflow itself'] : []),
  ]
}

/** The same for an action of ours. */
export const problemsInAction = (name: string, text: string, commands: Commands): ReadonlyArray<string> =>
  inSteps(text, fromYaml(Action, name, text).runs.steps, commands)
