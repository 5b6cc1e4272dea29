export * as it from '@azure/core-rest-pipeline'
