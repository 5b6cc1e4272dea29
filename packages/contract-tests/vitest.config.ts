import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Not how long a test takes, but how long a busy machine may take for it.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ['test/support/loopback-only.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/index.ts'],
      reporter: ['text-summary', 'lcovonly'],
      thresholds: { lines: 95, branches: 85 },
    },
  },
})
