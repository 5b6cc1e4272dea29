export { guardTraffic, type TrafficGuard, type TrafficGuardOptions } from './guard-traffic.js'
export { type Slip, TrafficSlipped } from './slip.js'
