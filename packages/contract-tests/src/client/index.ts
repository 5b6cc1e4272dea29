export type { ClientOptions, ContractCall, ContractClient } from './contract-client.js'
export { ContractBroken, expectClientToHonourContract } from './expect-client-to-honour-contract.js'
export { reportOnClient } from './report-on-client.js'
