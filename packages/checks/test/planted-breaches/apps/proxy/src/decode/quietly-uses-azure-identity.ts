export * as it from '@azure/identity'
