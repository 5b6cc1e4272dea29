import * as E from 'fp-ts/lib/Either.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { type ProxyError, requestMalformed } from '../domain/proxy-error.js'
import { preferencesIn } from './preferences.js'

const isMentionedIn = (text: string): boolean => text.replaceAll('\\', '').toLowerCase().includes('validate')

/**
 * Is the request to be validated, and not to be made? `Prefer: handling=validate-only`, RFC 7240; the value is ours. Other
 * preferences are ignored, as that RFC asks. But whoever says `validate` in another way there may have meant this, and a
 * create cannot be taken back: such a request is refused.
 */
export const isValidateOnly = ({ headers }: IncomingRequest): E.Either<ProxyError, boolean> => {
  const text = headers.flatMap(([name, value]) => (name === 'prefer' ? [value] : [])).join(', ')
  const handling = preferencesIn(text)?.get('handling')?.toLowerCase() ?? ''
  if (handling === 'validate-only') return E.right(true)
  return isMentionedIn(text) || handling.includes('validat')
    ? E.left(
        requestMalformed(
          'The Prefer header speaks of validating in a way that is not certain. Send it as "Prefer: handling=validate-only", or leave it out to create the state.',
        ),
      )
    : E.right(false)
}
