/**
 * Nothing can be said of the contract, since what was to be looked at cannot be: the message says in sentences what is
 * wrong, names file and line, or the step, and tells what the reader can do. Exit code 2, where a broken contract is 1.
 */
export class CouldNotRun extends Error {
  override readonly name = 'CouldNotRun'
}
