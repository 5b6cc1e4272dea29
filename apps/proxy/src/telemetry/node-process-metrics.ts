import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './instruments.js'

const sampleEveryInMs = 20
const windowInMs = 10_000

/** How the process itself is. Of the event loop in windows of its own, however many ask, and however often. */
export const processMetrics = ({ watch }: Pick<Metrics, 'watch'>): { readonly stop: () => void } => {
  const delay = monitorEventLoopDelay({ resolution: sampleEveryInMs })
  delay.enable()
  let began = performance.eventLoopUtilization()

  const look = () => ({
    // It counts its own pause as a delay.
    delayInSeconds: Math.max(0, delay.percentile(99) / 1e9 - sampleEveryInMs / 1000),
    used: performance.eventLoopUtilization(performance.eventLoopUtilization(), began).utilization,
  })
  let last: ReturnType<typeof look> | undefined
  const timer = setInterval(() => {
    last = look()
    delay.reset()
    began = performance.eventLoopUtilization()
  }, windowInMs).unref()

  watch('eventLoopDelay', () => (last ?? look()).delayInSeconds)
  watch('eventLoopUtilization', () => (last ?? look()).used)
  watch('cpuTime', () => process.cpuUsage().user / 1e6, { 'cpu.mode': 'user' })
  watch('cpuTime', () => process.cpuUsage().system / 1e6, { 'cpu.mode': 'system' })
  watch('memory', () => process.memoryUsage.rss())
  watch('uptime', () => process.uptime())
  return {
    stop: () => {
      clearInterval(timer)
      delay.disable()
    },
  }
}
