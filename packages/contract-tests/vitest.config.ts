import { coverage, testConfig } from '../../vitest.shared.js'

export default testConfig({
  setupFiles: ['test/support/loopback-only.ts'],
  // What all of them load, msw and two SDKs of Graph, takes longer than many of the tests: it is loaded once.
  isolate: false,
  coverage: coverage(95, 85),
})
