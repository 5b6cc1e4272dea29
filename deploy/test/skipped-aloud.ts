/** For `describe.skipIf`: says on stderr what is not tested on this machine. */
export const skippedAloud = (isPossible: boolean, what: string): boolean => {
  if (!isPossible) process.stderr.write(`SKIPPED on this machine: ${what}\n`)
  return !isPossible
}
