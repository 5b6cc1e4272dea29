#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`No Graph double was started: Node 24 or later is needed; this is ${process.version}.\n`)
  process.exit(2)
}

// Not before the version is known to be right: an older Node has not all that these modules import.
const [{ nodeProcess }, { runGraphDouble }] = await Promise.all([
  import('./node-process.js'),
  import('./run-graph-double.js'),
])
process.exitCode = await runGraphDouble(process.argv.slice(2), nodeProcess())
