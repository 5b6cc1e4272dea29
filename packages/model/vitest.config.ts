import { configDefaults } from 'vitest/config'
import { coverage, testConfig } from '../../vitest.shared.js'

export default testConfig({
  coverage: coverage(95, 90),
  exclude: [...configDefaults.exclude, 'test/agrees-*.test.ts'],
})
