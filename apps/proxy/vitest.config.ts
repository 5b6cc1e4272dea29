import { coverage, testConfig } from '../../vitest.shared.js'

// main, the command line and the audit thread run in processes and threads of their own; tests start them for real.
export default testConfig({
  // More of it waits, for disks, servers and processes, than computes; by itself vitest would leave a core idle.
  maxWorkers: 2,
  coverage: coverage(90, 85, [
    '**/index.ts',
    'src/main.ts',
    'src/cli/**',
    'src/audit/sqlite-ledger-worker.ts',
    'src/audit/sqlite-audit-reader-worker.ts',
  ]),
})
