export * as it from 'raw-body'
