/** What is to be read cannot be; the message says it in sentences. Exit code 2. */
export class CannotRead extends Error {}

/** The ledger cannot be read. Exit code 2. */
export class LedgerNotRead extends CannotRead {
  constructor(why: string) {
    super(`The ledger cannot be read. ${why}`)
  }
}

/** The command was called in a way that it does not know. Exit code 64. */
export class WrongUsage extends Error {}

/** Nobody reads the output any more. */
export class OutputClosed extends Error {}
