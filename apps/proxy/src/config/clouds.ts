/** Where a cloud of Microsoft's has its Graph and its login service. Tokens of one are nothing in another. */
export interface Cloud {
  readonly graphUrl: string
  readonly authorityHost: string
  /** What the issuers of its v1.0 tokens begin with; the tenant follows. */
  readonly v1IssuerHost: string
}

export const cloudNames = ['global', 'usgov', 'usgov-dod', 'china'] as const

/** Graph, "National cloud deployments"; Entra, "National clouds". */
export const clouds: Readonly<Record<(typeof cloudNames)[number], Cloud>> = {
  global: {
    graphUrl: 'https://graph.microsoft.com',
    authorityHost: 'https://login.microsoftonline.com',
    v1IssuerHost: 'https://sts.windows.net',
  },
  usgov: {
    graphUrl: 'https://graph.microsoft.us',
    authorityHost: 'https://login.microsoftonline.us',
    v1IssuerHost: 'https://sts.windows.net',
  },
  'usgov-dod': {
    graphUrl: 'https://dod-graph.microsoft.us',
    authorityHost: 'https://login.microsoftonline.us',
    v1IssuerHost: 'https://sts.windows.net',
  },
  china: {
    graphUrl: 'https://microsoftgraph.chinacloudapi.cn',
    // Two pages of Microsoft's disagree; this host is the one that the issuers of its tokens name.
    authorityHost: 'https://login.partner.microsoftonline.cn',
    v1IssuerHost: 'https://sts.chinacloudapi.cn',
  },
}

/** The audiences of tokens for Graph: its id, and its URLs with and without a slash. */
export const graphAudiences: ReadonlyArray<string> = [
  '00000003-0000-0000-c000-000000000000',
  ...Object.values(clouds).flatMap(({ graphUrl }) => [graphUrl, `${graphUrl}/`]),
]

/** Other names of login services, which the issuers of tokens do not know. Azure's own tools set them. */
export const authorityAliases: Readonly<Record<string, string>> = {
  'https://login.chinacloudapi.cn': clouds.china.authorityHost,
  'https://login.windows.net': clouds.global.authorityHost,
  'https://login.microsoft.com': clouds.global.authorityHost,
}
