export * as it from 'oauth4webapi'
