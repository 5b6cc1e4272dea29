import { setTimeout } from 'node:timers/promises'

/** Waits for something to be so. It looks often, but not all the time: what is waited for may need the processor. */
export const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await setTimeout(2)
}
