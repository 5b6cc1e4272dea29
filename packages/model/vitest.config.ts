import { coverage, testConfig } from '../../vitest.shared.js'

export default testConfig({ coverage: coverage(95, 90) })
