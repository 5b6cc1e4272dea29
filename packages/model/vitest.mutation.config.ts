import { defineConfig } from 'vitest/config'

// What runs for each change that Stryker makes: the tests beside the sources, with a fixed seed, so that a change is noticed in
// every run or in none. Without those of the arbitraries, which take longer than all others and are about values for tests.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    exclude: ['src/arbitrary/**'],
    isolate: false,
    setupFiles: ['test/support/same-values.ts'],
  },
})
