export * as it from 'jose'
