/** Asks that Ctrl-C end what is done in order, and gives whether it was pressed. Pressed again, it ends the process. */
export const watchInterruption = (): (() => boolean) => {
  let isInterrupted = false
  process.once('SIGINT', () => {
    isInterrupted = true
  })
  return () => isInterrupted
}
