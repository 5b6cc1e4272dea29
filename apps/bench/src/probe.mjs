// Goes before a program that is measured: says over the channel to its parent how late its event loop is.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'

const resolution = 5
const delay = monitorEventLoopDelay({ resolution })
delay.enable()

process.on('message', (message) => {
  if (message === 'begin') delay.reset()
  // The histogram holds how long a timer took, of which its own length is no delay.
  if (message === 'tell') process.send({ p99InMs: Math.max(0, delay.percentile(99) / 1e6 - resolution) })
})
process.channel?.unref()
