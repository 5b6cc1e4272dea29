export * as it from 'pg'
