import { testConfig } from '../../vitest.shared.js'

// Hundreds of thousands of values: what counts lines makes each twice as slow.
export default testConfig({ include: ['test/agrees-*.test.ts'] }, 'vitest-agreement')
