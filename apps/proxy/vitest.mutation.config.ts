import { configDefaults, defineConfig } from 'vitest/config'

// What runs for each change that Stryker makes to the pure steps: the tests beside them, the life of a request, and the tables in
// docs/; with a fixed seed, so that a change is noticed in every run or in none. Adapters have tests of their own kind: real servers, files and clocks.
export default defineConfig({
  test: {
    include: [
      'src/{arrive,authenticate,decode,domain,forward}/*.test.ts',
      'test/handle-request.test.ts',
      'test/docs.test.ts',
    ],
    exclude: [...configDefaults.exclude, 'src/**/{azure,jose,lru,msal,node,undici}-*.test.ts'],
    isolate: false,
    setupFiles: ['test/same-values.ts'],
  },
})
