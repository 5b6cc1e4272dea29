export type Secret = string
