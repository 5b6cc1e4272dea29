import { isLeft } from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'

/** JSON as what the codec says it is; throws with what is wrong, after the name of the thing. */
export const readAs = <A>(codec: t.Type<A, unknown>, name: string, text: string): A => {
  const decoded = codec.decode(JSON.parse(text))
  if (isLeft(decoded)) throw new Error(`${name}: ${PathReporter.report(decoded).join('\n')}`)
  return decoded.right
}
