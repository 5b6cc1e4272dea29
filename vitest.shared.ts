import { defineConfig, type ViteUserConfig } from 'vitest/config'

type Test = NonNullable<ViteUserConfig['test']>
type Coverage = NonNullable<Test['coverage']>

/**
 * What the test runs of all packages have in common. `scripts/check.mjs` adds up the reports, of which each run of a package has
 * its own.
 */
export const testConfig = (test: Test, report = 'vitest'): ViteUserConfig =>
  defineConfig({
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      reporters: ['default', ['json', { outputFile: `test-results/${report}.json` }]],
      // Not how long a test takes, but how long a busy machine may take for it.
      testTimeout: 240_000,
      hookTimeout: 240_000,
      // Those that are told to run at once wait more than they compute.
      maxConcurrency: 16,
      ...test,
    },
  })

/** Coverage of a package's own sources, below which its tests fail. */
export const coverage = (lines: number, branches: number, exclude: ReadonlyArray<string> = []): Coverage => ({
  enabled: true,
  provider: 'v8',
  include: ['src/**'],
  exclude: ['src/index.ts', '**/*.test.ts', ...exclude],
  reporter: ['text-summary', 'lcovonly'],
  thresholds: { lines, branches },
})
