import type { Interaction } from '../contract/interaction.js'
import type { HttpHeaders } from '../exchange/http-exchange.js'

/** The word for a token in what is printed. */
export const tokenVariable = '$TOKEN'

const authorizations = {
  good: (token: string): HttpHeaders => ({ authorization: `Bearer ${token}` }),
  none: (): HttpHeaders => ({}),
  malformed: (): HttpHeaders => ({ authorization: 'Bearer not.a.token' }),
} as const

/** The headers of an interaction, its caller's token among them. */
export const headersOf = ({ headers, token }: Pick<Interaction, 'headers' | 'token'>, good: string): HttpHeaders => ({
  ...headers,
  ...authorizations[token](good),
})
