import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Not how long a test takes, but how long a busy machine may take for it.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/**'],
      // main, the command line and the audit thread run in processes and threads of their own; tests start them for real.
      exclude: [
        'src/index.ts',
        'src/main.ts',
        'src/cli/**',
        'src/audit/sqlite-audit-worker.ts',
        '**/index.ts',
        '**/*.test.ts',
      ],
      reporter: ['text-summary', 'lcovonly'],
      thresholds: { lines: 90, branches: 85 },
    },
  },
})
