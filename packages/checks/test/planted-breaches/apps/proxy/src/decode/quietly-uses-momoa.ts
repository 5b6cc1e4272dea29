export * as it from '@humanwhocodes/momoa'
