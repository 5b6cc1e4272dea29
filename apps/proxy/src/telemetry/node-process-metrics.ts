import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './instruments.js'

const sampleEveryInMs = 20

/** How the process itself is. */
export const processMetrics = ({ watch }: Pick<Metrics, 'watch'>): { readonly stop: () => void } => {
  const delay = monitorEventLoopDelay({ resolution: sampleEveryInMs })
  delay.enable()
  let lastLooked = performance.eventLoopUtilization()
  watch('eventLoopDelay', () => {
    // It counts its own pause as a delay.
    const inSeconds = Math.max(0, delay.percentile(99) / 1e9 - sampleEveryInMs / 1000)
    delay.reset()
    return Number.isFinite(inSeconds) ? inSeconds : undefined
  })
  watch('eventLoopUtilization', () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, lastLooked)
    lastLooked = now
    return utilization
  })
  watch('cpuTime', () => process.cpuUsage().user / 1e6, { 'cpu.mode': 'user' })
  watch('cpuTime', () => process.cpuUsage().system / 1e6, { 'cpu.mode': 'system' })
  watch('memory', () => process.memoryUsage.rss())
  watch('uptime', () => process.uptime())
  return { stop: () => delay.disable() }
}
