import * as E from 'fp-ts/lib/Either.js'
import type { ReadonlyNonEmptyArray } from 'fp-ts/lib/ReadonlyNonEmptyArray.js'

/** Which key a signature is by. Name and id together; the id alone is too short to tell keys apart. */
export interface NoteKey {
  /** Not empty, no white space, no plus. */
  readonly name: string
  /** Four bytes in hex. */
  readonly keyId: string
}

/** A key that proves notes. */
export interface NoteVerifier extends NoteKey {
  /** As an auditor holds it: name, key id, algorithm and public key in one text. */
  readonly verifierKey: string
  readonly verify: (text: Uint8Array, signature: Uint8Array) => boolean
}

/** A key that signs notes, and can prove them. */
export interface NoteSigner extends NoteVerifier {
  readonly sign: (text: Uint8Array) => Uint8Array
}

/** Why a text is no note that could be believed. */
export type NoteProblem =
  | { readonly _tag: 'NotANote'; readonly reason: string }
  /** By a key that we know, and wrong: the text was changed, or somebody made it up. */
  | { readonly _tag: 'SignatureWrong'; readonly key: NoteKey }
  | { readonly _tag: 'SignedByNobodyKnown'; readonly keys: ReadonlyArray<NoteKey> }

/** What was signed, its last newline included, and by whom of those we know; each is named once. */
export interface OpenedNote {
  readonly body: string
  readonly signedBy: ReadonlyArray<NoteVerifier>
}

/** In UTF-16 code units. */
export const longestNote = 256 * 1024

/** The specification asks for 16 at least. */
export const mostSignatures = 100

const notANote = (reason: string): E.Either<NoteProblem, never> => E.left({ _tag: 'NotANote', reason })

/** No control character of ASCII but newlines. Lone surrogates pass: that is for isWellFormed. */
const hasNoControls = /^[\n -\uffff]*$/

/** Whether signatures may be in that name. */
export const isNoteName = (name: string): boolean => /^[^\s\u0085+]+$/.test(name)

/** Base64 as RFC 4648 §4 has it, with its padding, and zeroes in the spare bits: one text for some bytes. */
export const bytesOfBase64 = (text: string): Uint8Array | undefined => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

const textFault = (text: string): string | undefined => {
  if (text.length > longestNote) return `it is longer than ${String(longestNote)} characters`
  if (!text.isWellFormed()) return 'it is not Unicode'
  return hasNoControls.test(text) ? undefined : 'it has a control character'
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8')

const signatureLine =
  (text: Uint8Array) =>
  ({ keyId, name, sign }: NoteSigner): string =>
    `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), sign(text)]).toString('base64')}\n`

/**
 * Signs a text that ends in a newline, with each key, in their order: a C2SP signed note. Left for a text that no note may
 * have. Does not look at what the text says.
 */
export const signNote =
  (signers: ReadonlyNonEmptyArray<NoteSigner>) =>
  (body: string): E.Either<NoteProblem, string> => {
    const fault = textFault(body)
    if (fault !== undefined) return notANote(fault)
    if (!body.endsWith('\n')) return notANote('its text does not end in a newline')
    const note = `${body}\n${signers.map(signatureLine(bytesOf(body))).join('')}`
    return note.length > longestNote ? notANote('with its signatures it is too long') : E.right(note)
  }

interface SignatureLine {
  readonly key: NoteKey
  readonly signature: Uint8Array
}

const parseSignature = (line: string): SignatureLine | undefined => {
  const [dash, name, base64, ...others] = line.split(' ')
  if (dash !== '—' || name === undefined || base64 === undefined || others.length > 0 || !isNoteName(name))
    return undefined
  const bytes = bytesOfBase64(base64)
  if (bytes === undefined || bytes.byteLength < 5) return undefined
  return { key: { name, keyId: Buffer.from(bytes.subarray(0, 4)).toString('hex') }, signature: bytes.subarray(4) }
}

interface ParsedNote {
  readonly body: string
  readonly signatures: ReadonlyArray<SignatureLine>
}

const parseNote = (note: string): E.Either<NoteProblem, ParsedNote> => {
  const fault = textFault(note)
  if (fault !== undefined) return notANote(fault)
  // The text may have empty lines of its own; the last one parts it from its signatures.
  const end = note.lastIndexOf('\n\n')
  if (end === -1) return notANote('it has no empty line before signatures')
  if (!note.endsWith('\n') || end + 2 === note.length) return notANote('it does not end in a signature and a newline')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > mostSignatures) return notANote(`it has more than ${String(mostSignatures)} signatures`)
  const signatures = lines.map(parseSignature).filter((line) => line !== undefined)
  return signatures.length < lines.length
    ? notANote('a line after its text is no signature')
    : E.right({ body: note.slice(0, end + 1), signatures })
}

const isOf =
  (key: NoteKey) =>
  ({ keyId, name }: NoteKey): boolean =>
    keyId === key.keyId && name === key.name

/**
 * Opens a C2SP signed note. At least one key of `verifiers` has signed it, and none of them wrongly; signatures of keys that
 * are not known are not looked at. Up to 256 Ki characters and 100 signatures. Does not look at what the text says, and what
 * is not in `body` was not proved. Source: c2sp.org/signed-note.
 */
export const openNote =
  (verifiers: ReadonlyArray<NoteVerifier>) =>
  (note: string): E.Either<NoteProblem, OpenedNote> => {
    const parsed = parseNote(note)
    if (E.isLeft(parsed)) return parsed
    const { body, signatures } = parsed.right
    const text = bytesOf(body)
    const signedBy = new Set<NoteVerifier>()
    for (const { key, signature } of signatures) {
      const known = verifiers.filter(isOf(key))
      const proved = known.find(({ verify }) => verify(text, signature))
      if (proved !== undefined) signedBy.add(proved)
      else if (known.length > 0) return E.left({ _tag: 'SignatureWrong', key })
    }
    return signedBy.size > 0
      ? E.right({ body, signedBy: [...signedBy] })
      : E.left({ _tag: 'SignedByNobodyKnown', keys: signatures.map(({ key }) => key) })
  }
