import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as A from 'fp-ts/lib/ReadonlyArray.js'
import type { KeySource } from '../audit/node-key-source.js'
import { parseVerifierKey } from '../audit/node-note-key.js'
import { signingKeyFile, signingRing } from '../audit/node-signing-ring.js'
import type { NoteVerifier } from '../audit/signed-note.js'
import type { CommandContext } from './command.js'
import { CannotRead, WrongUsage } from './command-errors.js'
import { ledgerPlace } from './ledger-place.js'

/** Keys to check signatures with, and whose word they are. */
export interface VerifyingKeys {
  readonly from: 'given' | 'ownFile' | 'none'
  readonly verifiers: ReadonlyArray<NoteVerifier>
  /** Why there are none. */
  readonly why?: string
}

const keysIn = (text: string): E.Either<string, ReadonlyArray<NoteVerifier>> =>
  A.traverse(E.Applicative)(parseVerifierKey)(
    text
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .flatMap((line) => line.split(/[\s,]+/))
      .filter((word) => word !== ''),
  )

/** Verifier keys, or a file of them. */
const given = (keyOrFile: string): VerifyingKeys => {
  const direct = keysIn(keyOrFile)
  if (E.isRight(direct) && direct.right.length > 0) return { from: 'given', verifiers: direct.right }
  if (!existsSync(keyOrFile))
    throw new WrongUsage(
      `--public-key is neither a verifier key (name+id+key, as "checkpoint --public-key" prints it) nor a file: ${E.isLeft(direct) ? direct.left : 'it is empty'}.`,
    )
  const keys = keysIn(readFileSync(keyOrFile, 'utf8'))
  if (E.isLeft(keys)) throw new CannotRead(`A key in ${keyOrFile} cannot be used: ${keys.left}.`)
  if (keys.right.length === 0) throw new CannotRead(`There is no key in ${keyOrFile}.`)
  return { from: 'given', verifiers: keys.right }
}

const ownSource = (context: Pick<CommandContext, 'environment' | 'values'>): KeySource | undefined => {
  const path = context.environment['AUDIT_SIGNING_KEY_FILE'] ?? ''
  if (path !== '') return { kind: 'given', path }
  const place = ledgerPlace(context)
  return place.kind === 'sqlite' ? { kind: 'ownFile', folder: place.directory, mayBeMade: false } : undefined
}

/** The keys of whoever runs the proxy: of AUDIT_SIGNING_KEY_FILE, or of the ledger's folder. */
export const ownKeys = (context: Pick<CommandContext, 'environment' | 'values'>): VerifyingKeys => {
  const source = ownSource(context)
  if (source === undefined) return { from: 'none', verifiers: [], why: 'no key was given' }
  if (source.kind === 'ownFile' && !existsSync(join(source.folder, signingKeyFile)))
    return {
      from: 'none',
      verifiers: [],
      why: `no key was given, and there is no ${signingKeyFile} in ${source.folder}`,
    }
  const ring = signingRing(source)
  return E.isLeft(ring)
    ? { from: 'none', verifiers: [], why: ring.left }
    : { from: 'ownFile', verifiers: ring.right.verifiers }
}

/** What `--public-key` gives, else our own. */
export const verifyingKeys = (context: Pick<CommandContext, 'environment' | 'values'>): VerifyingKeys => {
  const keyOrFile = context.values['public-key']
  return typeof keyOrFile === 'string' ? given(keyOrFile) : ownKeys(context)
}
