export { type Config, decodeConfig } from './config/index.js'
export { type RunningProxy, startProxy } from './start-proxy.js'
export { type Log, pinoLog } from './telemetry/pino-log.js'
