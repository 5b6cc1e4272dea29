type Hints = ReadonlyArray<readonly [words: RegExp, toDo: string]>

const hints: Hints = [
  [/ERR_PROXY|the proxy:/, 'see what HTTPS_PROXY points to, and that it makes tunnels to port 443 of this host'],
  [/ENOTFOUND|EAI_AGAIN/, 'see that the name is right, and that this host can resolve it'],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|ECONNRESET|TimeoutError|timeout|ran out/,
    'see that nothing on the way keeps this host from it; set HTTPS_PROXY if a proxy is needed',
  ],
  [
    /CERT|SELF_SIGNED|UNABLE_TO|self-signed|certificate|ERR_TLS|ERR_SSL/,
    'if something on the way inspects TLS, or the authority is your own, name that in NODE_EXTRA_CA_CERTS',
  ],
  [/AADSTS(?:7000215|7000222)\b/, 'set AZURE_CLIENT_SECRET to the value (not the id) of a secret that has not expired'],
  [/AADSTS700016\b/, 'see that AZURE_CLIENT_ID is an application of AZURE_TENANT_ID'],
  [/AADSTS9000[28]\b/, 'see that AZURE_TENANT_ID is right'],
  [
    /AADSTS7000(?:21|27)\b/,
    'see that the certificate of AZURE_CLIENT_CERTIFICATE_PATH is registered with the application',
  ],
  [
    /AADSTS7002[1-4]\d*\b/,
    'see that the federated credential of the application has this issuer, subject and audience',
  ],
  [/invalid_client/, 'see that the credential is one of the application in AZURE_CLIENT_ID'],
  [/ENOENT|cannot be read|private key|holds no token/, 'see that the file is there, is whole, and may be read'],
]

const hintsOfLedger: Hints = [
  [/password|authentication|role .* does not exist/, 'see that user and password in AUDIT_DATABASE_URL are right'],
  [/database .* does not exist/, 'make the database, or see that its name in AUDIT_DATABASE_URL is right'],
  [/standby|read-only/, 'see that the host in AUDIT_DATABASE_URL is the primary, and takes writes'],
  [
    /permission denied|EACCES|EPERM|EROFS/,
    'see that the ledger belongs to the user of the gateway, and may be written by it',
  ],
  [/disk I\/O|ENOSPC|full|no room/, 'see that the disk has room, and is well'],
  [/ENOTFOUND|EAI_AGAIN/, 'see that the host in AUDIT_DATABASE_URL is right, and that this host can resolve it'],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|terminated|did not answer|no answer|timeout/i,
    'see that the server runs, and that nothing on the way keeps this host from it',
  ],
  [/certificate|SSL|TLS/i, 'see that sslmode and sslrootcert in AUDIT_DATABASE_URL fit the server'],
]

const hintIn = (list: Hints, words: string): { readonly toDo?: string } => {
  const toDo = list.find(([pattern]) => pattern.test(words))?.[1]
  return toDo === undefined ? {} : { toDo }
}

/** The same for the ledger. */
export const whatToDoForLedger = (words: string): { readonly toDo?: string } => hintIn(hintsOfLedger, words)

/** By the words in which a fault is told, what an operator would look at first. */
export const whatToDo = (words: string): { readonly toDo?: string } => hintIn(hints, words)
