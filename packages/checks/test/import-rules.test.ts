import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'
import { describe, expect, it } from 'vitest'
import { cruiseOptions, importRules } from '../src/import-rules.mjs'

const { output } = await cruise(['packages', 'apps'], {
  ...cruiseOptions,
  baseDir: fileURLToPath(new URL('planted-breaches', import.meta.url)),
})
const violations = typeof output === 'string' ? [] : output.summary.violations

const planted = [
  ['model-imports-io-ts-alone', 'packages/model/src/imports-undici.ts'],
  ['only-the-entry-points-of-the-model-import-for-others', 'packages/model/src/arbitrary/imports-undici.ts'],
  ['the-main-entry-of-the-model-stays-small', 'packages/model/src/enters-an-entry.ts'],
  ['domain-imports-the-model-alone', 'apps/proxy/src/domain/imports-a-step.ts'],
  ['steps-do-not-know-each-other', 'apps/proxy/src/forward/knows-audit.ts'],
  ['the-story-knows-neither-http-nor-adapters', 'apps/proxy/src/handle-request.ts'],
  ['config-is-a-leaf', 'apps/proxy/src/config/looks-around.ts'],
  ['the-openapi-document-is-made-of-the-domain', 'apps/proxy/src/openapi/openapi-document.ts'],
  ['the-openapi-document-is-loaded-when-it-is-asked-for', 'apps/proxy/src/telemetry/loads-the-document.ts'],
  ['a-folder-is-entered-by-its-index', 'apps/proxy/src/telemetry/climbs-in.ts'],
  ['only-files-named-for-jose-import-it', 'apps/proxy/src/decode/quietly-uses-jose.ts'],
  ['only-files-named-for-oauth4webapi-import-it', 'apps/proxy/src/decode/quietly-uses-oauth4webapi.ts'],
  ['only-files-named-for-undici-import-it', 'apps/proxy/src/decode/quietly-uses-undici.ts'],
  ['only-files-named-for-pino-import-it', 'apps/proxy/src/decode/quietly-uses-pino.ts'],
  ['only-files-named-for-raw-body-import-it', 'apps/proxy/src/decode/quietly-uses-raw-body.ts'],
  ['only-files-named-for-identity-import-it', 'apps/proxy/src/decode/quietly-uses-azure-identity.ts'],
  [
    'only-files-named-for-core-rest-pipeline-import-it',
    'apps/proxy/src/decode/quietly-uses-azure-core-rest-pipeline.ts',
  ],
  ['only-files-named-for-logger-import-it', 'apps/proxy/src/decode/quietly-uses-azure-logger.ts'],
  ['only-files-named-for-msal-node-import-it', 'apps/proxy/src/decode/quietly-uses-msal-node.ts'],
  ['only-files-named-for-lru-cache-import-it', 'apps/proxy/src/decode/quietly-uses-lru-cache.ts'],
  ['only-files-named-for-pg-import-it', 'apps/proxy/src/decode/quietly-uses-pg.ts'],
  ['only-files-named-for-opentelemetry-import-it', 'apps/proxy/src/decode/quietly-uses-opentelemetry.ts'],
  ['only-the-wiring-makes-ids', 'apps/proxy/src/audit/makes-ids.ts'],
  ['only-http-imports-express', 'apps/proxy/src/decode/quietly-uses-express.ts'],
  ['pure-files-touch-no-node-module', 'apps/proxy/src/forward/pure.ts'],
  ['contract-tests-see-the-model-alone', 'packages/contract-tests/src/sees-undici.ts'],
  ['contract-tests-import-fast-xml-parser-in-one-place', 'packages/contract-tests/src/quietly-uses-fast-xml-parser.ts'],
  ['contract-tests-import-js-yaml-in-one-place', 'packages/contract-tests/src/quietly-uses-js-yaml.ts'],
  ['contract-tests-import-markdown-it-in-one-place', 'packages/contract-tests/src/quietly-uses-markdown-it.ts'],
  ['contract-tests-import-fast-check-in-one-place', 'packages/contract-tests/src/quietly-uses-fast-check.ts'],
  ['packages-do-not-see-the-proxy', 'packages/contract-tests/src/sees-the-proxy.ts'],
  ['nobody-sees-the-sandbox', 'apps/proxy/src/sees-the-sandbox.ts'],
  ['no-cycles', 'apps/proxy/src/domain/a.ts'],
]

describe('the import rules', () => {
  it.each(planted)('%s: the breach in %s is found', (rule, file) => {
    expect(violations).toContainEqual(
      expect.objectContaining({ from: file, rule: expect.objectContaining({ name: rule }) }),
    )
  })

  it('have a planted breach each', () => {
    expect(planted.map(([rule]) => rule)).toEqual(importRules.map(({ name }) => name))
  })
})
