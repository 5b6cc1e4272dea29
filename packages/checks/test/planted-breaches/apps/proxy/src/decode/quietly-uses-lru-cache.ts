export * as it from 'lru-cache'
