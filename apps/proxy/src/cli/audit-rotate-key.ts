import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { digestKeyFile } from '../audit/node-digest-ring.js'
import { type KeyKind, rotateKey } from '../audit/node-rotate-key.js'
import { signingKeyFile } from '../audit/node-signing-ring.js'
import type { AuditCommand } from './command.js'
import { CannotRead, WrongUsage } from './command-errors.js'
import { ledgerPlace } from './ledger-place.js'

const usage = `usage: device-install-state-audit rotate-key digest|signing [OPTIONS]

Puts a new key before the others in the key file of the ledger's folder: the one that digests of
identifiers and personal values are made with, or the one that signs checkpoints. The older ones
stay, to find and to prove what was written with them. A running proxy goes on with the keys it
has read, until it is started anew; then the change is put on record.

A file that is given by AUDIT_DIGEST_KEY_FILE or AUDIT_SIGNING_KEY_FILE is yours to change: put
the new key before the others, and leave those.

With --json: {"kind", "before", "after"}, the names of the keys.`

const files: Readonly<Record<KeyKind, { readonly name: string; readonly variable: string }>> = {
  digest: { name: digestKeyFile, variable: 'AUDIT_DIGEST_KEY_FILE' },
  signing: { name: signingKeyFile, variable: 'AUDIT_SIGNING_KEY_FILE' },
}

const isKind = (text: string | undefined): text is KeyKind => text === 'digest' || text === 'signing'

export const rotateKeyCommand: AuditCommand = {
  name: 'rotate-key',
  summary: 'a new key for digests, or for signatures',
  usage,
  options: {},
  run: async ({ environment, out, positionals, values }) => {
    const [kind, ...others] = positionals
    if (!isKind(kind) || others.length > 0) throw new WrongUsage('Which key? rotate-key digest, or rotate-key signing.')
    const { name, variable } = files[kind]
    const given = environment[variable] ?? ''
    if (given !== '')
      throw new WrongUsage(`${variable} says that the key is in ${given}: put a new one before the others there.`)
    const place = ledgerPlace({ environment, values })
    if (place.kind === 'postgres')
      throw new WrongUsage(`A ledger in PostgreSQL has its keys in the file that ${variable} names: change that.`)
    const rotated = rotateKey(join(place.directory, name), kind)
    if (E.isLeft(rotated)) throw new CannotRead(`The key was not changed: ${rotated.left}.`)
    const { after, before } = rotated.right
    await out(
      values['json'] === true
        ? `${JSON.stringify({ kind, before, after })}\n`
        : `The ${kind} key is now ${after}; before, it was ${before}. Start the proxy anew to use it.\n`,
    )
    return 0
  },
}
