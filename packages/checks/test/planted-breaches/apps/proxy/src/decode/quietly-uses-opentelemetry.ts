export * as it from '@opentelemetry/api'
