import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { root } from '../src/pnpm.ts'
import { problemsInAction, problemsInWorkflow } from '../src/workflow-rules.ts'
import { errorsInWorkflow } from './github-parser.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const commands = JSON.parse(read('package.json'))
const workflows = globSync('.github/workflows/*', { cwd: root })
const actions = globSync('.github/actions/*/action.yml', { cwd: root })

interface Job {
  readonly needs?: string | ReadonlyArray<string>
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps?: ReadonlyArray<{ readonly uses?: string; readonly run?: string }>
}
const jobsOf = (file: string): Readonly<Record<string, Job>> =>
  (load(read(file)) as { readonly jobs: Readonly<Record<string, Job>> }).jobs

describe.each(workflows)('%s', (file) => {
  it('is a workflow, to GitHub’s own parser', async () => {
    expect(await errorsInWorkflow(file, read(file))).toEqual([])
  })

  it('keeps the rules', () => {
    expect(problemsInWorkflow(file, read(file), commands)).toEqual([])
  })
})

it.each(actions)('%s keeps the rules, too', (file) => {
  expect(problemsInAction(file, read(file), commands)).toEqual([])
})

describe('all of them together', () => {
  const texts = [...workflows, ...actions].map(read)

  it('use one commit of each action', () => {
    const commits = new Map<string, Set<string>>()
    for (const [, owner = '', name = '', ref = ''] of texts.flatMap((text) => [
      ...text.matchAll(/uses: ([\w-]+)\/([\w-]+)\S*@(.*)$/gm),
    ])) {
      const action = `${owner}/${name}`
      commits.set(action, (commits.get(action) ?? new Set()).add(ref))
    }

    expect(commits.size).toBeGreaterThan(0)
    expect([...commits].filter(([, refs]) => refs.size > 1)).toEqual([])
  })

  it('may write only where they must', () => {
    const writes = workflows.flatMap((file) =>
      Object.entries(jobsOf(file)).flatMap(([job, { permissions = {} }]) =>
        Object.entries(permissions).flatMap(([right, extent]) =>
          extent === 'read' ? [] : [`${file} ${job}: ${right}`],
        ),
      ),
    )

    expect(writes.toSorted()).toEqual([
      '.github/workflows/release.yml publish: contents',
      '.github/workflows/release.yml publish: id-token',
      '.github/workflows/release.yml version: contents',
      '.github/workflows/release.yml version: pull-requests',
    ])
  })

  it('are kept up to date by Dependabot, wherever they are', () => {
    const { updates } = load(read('.github/dependabot.yml')) as {
      readonly updates: ReadonlyArray<{
        readonly 'package-ecosystem': string
        readonly directory?: string
        readonly directories?: ReadonlyArray<string>
      }>
    }
    const watched = updates.map((update) => [update['package-ecosystem'], update.directories ?? [update.directory]])

    expect(watched).toEqual([
      ['npm', ['/']],
      ['github-actions', ['/', ...actions.map((file) => `/${dirname(file)}`)]],
    ])
  })
})

describe('a release', () => {
  const { pack, publish, test, version } = jobsOf('.github/workflows/release.yml')
  const stepsOf = (job: Job | undefined) => (job?.steps ?? []).map(({ run, uses }) => run ?? uses?.replace(/@.*/, ''))

  it('is tested before it is packed, and packed before it is published', () => {
    expect(test).toMatchObject({ uses: './.github/workflows/ci.yml' })
    expect(pack?.needs).toContain('test')
    expect(publish?.needs).toBe('pack')
    expect(version).toBeDefined()
  })

  it('has in its tarballs where they come from, and the bill of materials', () => {
    expect(stepsOf(pack).slice(2)).toEqual([
      'pnpm exec turbo run build',
      'node scripts/name-repository.mjs',
      'pnpm run sbom',
      'changesets/action/pack',
    ])
    expect(JSON.parse(read('apps/proxy/package.json')).files).toContain('sbom.cdx.json')
  })

  it('names in each package the repository whose workflow publishes it, as provenance asks', () => {
    const folder = mkdtempSync(join(tmpdir(), 'release-'))
    const write = (name: string, manifest: object) => {
      mkdirSync(join(folder, 'packages', name), { recursive: true })
      writeFileSync(join(folder, 'packages', name, 'package.json'), JSON.stringify(manifest))
    }
    write('released', { name: 'a' })
    write('ours', { name: 'b', private: true })
    const env = { ...process.env, GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'team/gateway' }
    const script = join(root, 'scripts/name-repository.mjs')
    const { status } = spawnSync(process.execPath, [script], { cwd: folder, env })
    const named = ['released', 'ours'].map((name) =>
      JSON.parse(readFileSync(join(folder, 'packages', name, 'package.json'), 'utf8')),
    )
    rmSync(folder, { recursive: true })

    const url = 'git+https://github.example/team/gateway.git'
    expect(status).toBe(0)
    expect(named).toEqual([
      { name: 'a', repository: { type: 'git', url, directory: 'packages/released' } },
      { name: 'b', private: true },
    ])
  })

  it('fails rather than to be without provenance', () => {
    expect(publish?.steps?.at(-1)).toMatchObject({ env: { PNPM_CONFIG_PROVENANCE: 'true' } })
  })

  it('is for everyone, since npm gives provenance to no other package', () => {
    expect(JSON.parse(read('.changeset/config.json')).access).toBe('public')
  })
})

describe('a workflow that breaks a rule', () => {
  const good = `on: { push: {} }
permissions: {}
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - run: npm test
`
  const problemsWith = (from: string, to: string) => {
    expect(good).toContain(from)
    return problemsInWorkflow('planted.yml', good.replace(from, to), commands)
  }

  it('is told from one that breaks none', async () => {
    expect(problemsInWorkflow('planted.yml', good, commands)).toEqual([])
    expect(await errorsInWorkflow('planted.yml', good)).toEqual([])
  })

  it.each([
    ['runs-on', 'run-on', /Unexpected value 'run-on'/],
    ['steps:', "if: github.ref = 'x'\n    steps:", /Unexpected symbol/],
    ['steps:', 'needs: b\n    steps:', /no dependencies/],
  ])('is not one to GitHub: %j → %j', async (from, to, error) => {
    expect(await errorsInWorkflow('planted.yml', good.replace(from, to))).toContainEqual(expect.stringMatching(error))
  })

  it.each([
    ['@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1', '@v7.0.1', 'not pinned'],
    [' # v7.0.1', '', 'not pinned'],
    ['actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1', './.github/actions/nowhere', 'is not there'],
    ['persist-credentials: false', 'fetch-depth: 0', 'leaves its token'],
    ['push', 'pull_request_target', 'what strangers send'],
    ['permissions: {}', 'permissions: { contents: write }', 'all jobs have contents: write'],
    ['      contents: read', '      id-token: write', 'publishes nothing'],
    ['permissions:\n      contents: read', 'permissions: write-all', 'has write-all'],
    ['    timeout-minutes: 5\n', '', 'may run for hours'],
    ['npm test', 'pnpm run tset', '"pnpm run tset" is no command'],
    ['npm test', 'node scripts/nothing.mjs', 'is no command'],
    ['npm test', 'pnpm exec nothing', 'is no command'],
    ['npm test', 'echo "${{ github.event.issue.title }}"', 'has an expression'],
    ['npm test', 'npm test # ${{ secrets.NPM_TOKEN }}', 'a secret is used'],
  ])('is found: %j → %j', (from, to, problem) => {
    expect(problemsWith(from, to)).toContainEqual(expect.stringContaining(problem))
  })

  it('is not even read without permissions for all jobs', () => {
    expect(() => problemsWith('permissions: {}\n', '')).toThrow(/permissions/)
  })
})
