import { afterAll, afterEach } from 'vitest'
import { guardTraffic } from '../../src/guard/index.js'
import { elsewhere } from './elsewhere.js'

/**
 * Closes the network of these tests but for this machine: vitest runs this before each file. Client, proxy and doubles
 * share the process, so a request that leaves would leave through here.
 */
export const guardOfAllTests = guardTraffic({ allow: elsewhere })

afterEach(() => guardOfAllTests.check())
afterAll(() => guardOfAllTests.stop())
