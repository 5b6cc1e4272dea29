export * as it from 'undici'
