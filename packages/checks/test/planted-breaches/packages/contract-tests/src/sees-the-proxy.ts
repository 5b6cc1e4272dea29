export { startProxy } from '@device-install-state/proxy'
