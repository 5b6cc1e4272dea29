export * as it from '@azure/logger'
