// Who may import whom, as ARCHITECTURE.md has it. Type imports count. Paths are relative to the folder that is looked
// at, so that a test can look at planted breaches with the same rules.

const tests = String.raw`\.test\.ts$|/test/`

/** Our own modules: a workspace package is its name where it is imported, and its folder where it is resolved. */
const ours = (name, folder) => [String.raw`^@device-install-state/${name}`, `^${folder}/`]

const model = ours('model', 'packages/model')
const proxy = ours('proxy', 'apps/proxy')
const sandbox = ours('sandbox', 'apps/sandbox')

const npm = (...names) => names.flatMap((name) => [`^${name}(?:/|$)`, `node_modules/${name}/`])

/** Technologies, and the beginning of the names of the files that may touch them. */
const technologies = [
  ['jose', ['jose']],
  ['oauth4webapi', ['oauth4webapi', 'jose']],
  ['undici', ['undici']],
  ['pino', ['pino']],
  ['raw-body', ['raw-body']],
  ['@azure/identity', ['azure']],
  ['@azure/core-rest-pipeline', ['azure']],
  ['@azure/logger', ['azure']],
  ['@azure/msal-node', ['msal']],
  ['lru-cache', ['lru']],
  ['pg', ['pg']],
]

/** The same for the contract tests. */
const technologiesOfContractTests = [
  ['fast-xml-parser', '/xml-[^/]+\\.ts$'],
  ['js-yaml', '/yaml-[^/]+\\.ts$'],
  ['markdown-it', '/markdown-[^/]+\\.ts$'],
  ['fast-check', '^packages/contract-tests/src/(?:rounds|client)/'],
]

const wiring = '^apps/proxy/src/(?:start-proxy|stop-proxy|open-[^/]+|main)\\.ts$|^apps/proxy/src/cli/'
const steps = ['arrive', 'authenticate', 'decode', 'audit', 'forward']

export const importRules = [
  {
    name: 'model-imports-io-ts-alone',
    from: { path: '^packages/model/src/', pathNot: [tests, '^packages/model/src/(?:arbitrary|standard-schema)/'] },
    to: { pathNot: ['^packages/model/src/', ...npm('io-ts')] },
  },
  {
    name: 'only-the-entry-points-of-the-model-import-for-others',
    from: { path: '^packages/model/src/(?:arbitrary|standard-schema)/', pathNot: tests },
    to: { pathNot: ['^packages/model/src/', ...npm('io-ts', 'fast-check', '@standard-schema/spec')] },
  },
  {
    name: 'the-main-entry-of-the-model-stays-small',
    from: { path: '^packages/model/src/[^/]+\\.ts$', pathNot: tests },
    to: { path: '^packages/model/src/[^/]+/' },
  },
  {
    name: 'domain-imports-the-model-alone',
    from: { path: '^apps/proxy/src/domain/', pathNot: tests },
    to: { pathNot: ['^apps/proxy/src/domain/', ...model, ...npm('fp-ts', 'io-ts')] },
  },
  {
    name: 'steps-do-not-know-each-other',
    from: { path: `^apps/proxy/src/(${steps.join('|')})/`, pathNot: tests },
    to: { path: '^apps/proxy/src/', pathNot: ['^apps/proxy/src/$1/', '^apps/proxy/src/domain/'] },
  },
  {
    name: 'the-story-knows-neither-http-nor-adapters',
    from: { path: '^apps/proxy/src/(?:handle-request|ports)\\.ts$' },
    to: { path: '^apps/proxy/src/(?:http|config|telemetry|cli)/|^apps/proxy/src/(?:main|start-proxy)\\.ts$' },
  },
  {
    name: 'config-is-a-leaf',
    from: { path: '^apps/proxy/src/config/', pathNot: tests },
    to: { path: '^apps/proxy/src/', pathNot: '^apps/proxy/src/config/' },
  },
  {
    name: 'the-openapi-document-is-made-of-the-domain',
    from: { path: '^apps/proxy/src/openapi/', pathNot: tests },
    to: { path: '^apps/proxy/src/', pathNot: '^apps/proxy/src/(?:openapi|domain)/' },
  },
  {
    name: 'the-openapi-document-is-loaded-when-it-is-asked-for',
    from: { path: '^apps/proxy/src/', pathNot: [tests, '^apps/proxy/src/openapi/'] },
    to: { path: '^apps/proxy/src/openapi/', dynamic: false, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'a-folder-is-entered-by-its-index',
    from: { path: '^apps/proxy/src/([^/]+)', pathNot: [tests, wiring] },
    to: {
      path: `^apps/proxy/src/(?:${[...steps, 'config'].join('|')})/`,
      pathNot: ['/index\\.ts$', '^apps/proxy/src/$1/'],
    },
  },
  ...technologies.map(([name, files]) => ({
    name: `only-files-named-for-${name.replace(/^.*\//, '')}-import-it`,
    from: {
      path: '^apps/proxy/src/',
      pathNot: [tests, ...files.map((file) => `/${file}-[^/]+\\.ts$`)],
    },
    to: { path: npm(name) },
  })),
  {
    name: 'only-files-named-for-opentelemetry-import-it',
    from: { path: '^apps/proxy/src/', pathNot: [tests, '/otel-[^/]+\\.ts$'] },
    to: { path: npm('@opentelemetry') },
  },
  {
    name: 'only-the-wiring-makes-ids',
    from: { path: '^apps/proxy/src/', pathNot: [tests, '^apps/proxy/src/node-random\\.ts$'] },
    to: { path: npm('uuid') },
  },
  {
    name: 'only-http-imports-express',
    from: { path: '^apps/proxy/src/', pathNot: [tests, '^apps/proxy/src/http/'] },
    to: { path: npm('express') },
  },
  {
    name: 'pure-files-touch-no-node-module',
    from: {
      path: '^apps/proxy/src/',
      pathNot: [
        tests,
        wiring,
        '^apps/proxy/src/http/',
        '/(?:azure|lru|msal|node|pg|sqlite|undici|jose|pino)-[^/]+\\.ts$',
      ],
    },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'contract-tests-see-the-model-alone',
    from: { path: '^packages/contract-tests/src/', pathNot: tests },
    to: {
      pathNot: [
        '^packages/contract-tests/src/',
        ...model,
        ...npm('fp-ts', 'io-ts', 'msw', ...technologiesOfContractTests.map(([name]) => name)),
        '^node:',
      ],
      dependencyTypesNot: ['core'],
    },
  },
  ...technologiesOfContractTests.map(([name, files]) => ({
    name: `contract-tests-import-${name}-in-one-place`,
    from: { path: '^packages/contract-tests/src/', pathNot: [tests, files] },
    to: { path: npm(name) },
  })),
  {
    name: 'packages-do-not-see-the-proxy',
    from: { path: '^packages/(?:model|identity-provider|contract-tests)/src/', pathNot: tests },
    to: { path: proxy },
  },
  {
    name: 'nobody-sees-the-sandbox',
    from: { path: '^(?:packages|apps)/', pathNot: '^apps/sandbox/' },
    to: { path: sandbox },
  },
  { name: 'no-cycles', from: {}, to: { circular: true } },
].map((rule) => ({ severity: 'error', ...rule }))

/**
 * How dependency-cruiser is to look: our sources, type imports too; nothing is followed below node_modules or dist, but what is imported
 * from there counts, and most packages are imported from a dist of their own.
 *
 * @type {import('dependency-cruiser').ICruiseOptions}
 */
export const cruiseOptions = {
  ruleSet: { forbidden: importRules },
  validate: true,
  tsPreCompilationDeps: true,
  doNotFollow: { path: ['node_modules', '/dist/'] },
  exclude: { path: ['/coverage/', 'packages/checks/'] },
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
}
