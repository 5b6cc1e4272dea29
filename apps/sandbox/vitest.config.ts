import { testConfig } from '../../vitest.shared.js'

// No coverage: what is tested here runs in processes of its own.
export default testConfig({})
