import * as fc from 'fast-check'

fc.configureGlobal({ seed: 7, numRuns: 50 })
