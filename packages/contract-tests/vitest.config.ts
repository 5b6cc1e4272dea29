import { coverage, testConfig } from '../../vitest.shared.js'

export default testConfig({ setupFiles: ['test/support/loopback-only.ts'], coverage: coverage(95, 85) })
