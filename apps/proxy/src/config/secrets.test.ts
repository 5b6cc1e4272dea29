import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { good, secret } from '../../test/an-environment.js'
import type { Environment } from './config-problem.js'
import { decodeConfigWith } from './decode-config.js'
import { fileVariableOf, secretVariables } from './secrets.js'

const files: Readonly<Record<string, string>> = {
  '/run/secret': secret,
  '/run/blank': ' ',
  '/run/proxy': 'http://user:proxy-password@proxy.example:3128',
  '/run/database': 'postgres://audit:database-password@db.example/audit',
}

const decode = decodeConfigWith((path) => E.fromNullable('names a file that is not there')(files[path]))

const without = { ...good, AZURE_CLIENT_SECRET: undefined }

const problemsIn = (environment: Environment) => {
  const decoded = decode(environment)
  return E.isLeft(decoded) ? decoded.left : []
}

describe('a secret in a file', () => {
  it('is as if it had been set itself', () => {
    const decoded = decode({
      ...without,
      AZURE_CLIENT_SECRET_FILE: '/run/secret',
      HTTPS_PROXY_FILE: '/run/proxy',
      AUDIT_DIRECTORY: '',
      AUDIT_DATABASE_URL_FILE: '/run/database',
      AUDIT_DIGEST_KEY_FILE: '/run/digest',
      AUDIT_SIGNING_KEY_FILE: '/run/signing',
    })

    expect(decoded).toMatchObject({
      right: {
        upstream: {
          credential: { kind: 'clientSecret', clientSecret: secret },
          proxy: { url: files['/run/proxy'] },
        },
        audit: { store: { kind: 'postgres', url: files['/run/database'] } },
      },
    })
  })

  it.each(secretVariables)('may be that of %s', (name) => {
    expect(problemsIn({ ...good, [name]: '', [fileVariableOf(name)]: '/nowhere' })).toMatchObject([
      { variable: `${name}_FILE`, message: expect.stringMatching(/^names a file that is not there\. Set it to/) },
      ...(name === 'AUDIT_DATABASE_URL' ? [{}, {}, {}] : []),
    ])
  })

  it('is a problem together with the variable itself, whatever they hold', () => {
    expect(problemsIn({ ...good, AZURE_CLIENT_SECRET_FILE: '/run/secret' })).toEqual([
      {
        variable: 'AZURE_CLIENT_SECRET_FILE',
        message: 'is set, and so is AZURE_CLIENT_SECRET, of which it would be the file. Unset one of them',
      },
    ])
    expect(
      problemsIn({ ...good, https_proxy: 'http://proxy.example:3128', HTTPS_PROXY_FILE: '/run/proxy' }),
    ).toMatchObject([{ variable: 'HTTPS_PROXY_FILE' }])
  })

  it('that is none is told by the variable of its file, together with all else, and no path or content is', () => {
    const problems = problemsIn({
      ...without,
      PORT: 'x',
      AZURE_CLIENT_SECRET_FILE: '/run/blank',
      HTTPS_PROXY_FILE: '/run/secret',
      AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE: 'the-password-itself',
    })

    expect(problems.map(({ variable }) => variable)).toEqual([
      'PORT',
      'HTTPS_PROXY_FILE',
      'AZURE_CLIENT_SECRET_FILE',
      'AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE',
    ])
    expect(JSON.stringify(problems)).not.toMatch(new RegExp(`/run/|password-itself|${secret}`))
  })
})
