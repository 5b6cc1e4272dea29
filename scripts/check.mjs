// Every check and test, by turbo, and the count of tests as the last line. One failing task does not keep the others
// from telling what they find.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'

const tasks = ['build', 'typecheck', 'lint', 'format', 'import-rules', 'unused', 'test']

// A report of an earlier run must not be counted; turbo puts those of cached runs back.
for (const folder of globSync('{packages/*,apps/*,deploy}/test-results')) rmSync(folder, { recursive: true })

const { status } = spawnSync('turbo', ['run', ...tasks, '--continue', '--concurrency=3', '--output-logs=new-only'], {
  stdio: 'inherit',
})

const total = { passed: 0, failed: 0, skipped: 0 }
for (const report of globSync('{packages/*,apps/*,deploy}/test-results/vitest*.json')) {
  const { numFailedTests, numPassedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  total.passed += numPassedTests
  total.failed += numFailedTests
  total.skipped += numPendingTests + numTodoTests
}

if (status !== 0) console.log('\nA check failed; what it found stands above.')
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exit(status === 0 && total.failed === 0 && total.passed > 0 ? 0 : 1)
