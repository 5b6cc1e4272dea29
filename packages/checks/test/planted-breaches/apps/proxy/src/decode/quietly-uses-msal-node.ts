export * as it from '@azure/msal-node'
