#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`Nothing was tested: Node 24 or later is needed; this is ${process.version}.\n`)
  process.exit(2)
}

// Not before the version is known to be right: an older Node has not all that these modules import.
const [{ endOfProcess, nodeProcess }, { runContractTests }] = await Promise.all([
  import('./node-process.js'),
  import('./run-contract-tests.js'),
])
const endWith = endOfProcess()
await endWith(await runContractTests(process.argv.slice(2), nodeProcess()))
