export { start } from '@device-install-state/sandbox'
