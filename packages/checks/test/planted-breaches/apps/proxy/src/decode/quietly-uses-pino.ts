export * as it from 'pino'
