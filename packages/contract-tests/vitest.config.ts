import { coverage, testConfig } from '../../vitest.shared.js'

export default testConfig({
  // Half of the time is waiting: for windows to pass, for processes to end.
  maxWorkers: 2,
  setupFiles: ['test/support/loopback-only.ts'],
  coverage: coverage(95, 85),
})
