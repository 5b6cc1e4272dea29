/** The grants of Entra that need no browser, as `grant_type` names them. */
export const grantTypes = {
  clientCredentials: 'client_credentials',
  password: 'password',
  onBehalfOf: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
} as const
