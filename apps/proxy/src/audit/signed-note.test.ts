import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noteName, noteSigner, parseVerifierKey } from './node-note-key.js'
import { longestNote, mostSignatures, type NoteSigner, type NoteVerifier, openNote, signNote } from './signed-note.js'

const aSigner = (name = noteName): NoteSigner => noteSigner(generateKeyPairSync('ed25519').privateKey, name)
const ada = aSigner()
const bob = aSigner()
const eve = aSigner('eve.example/log')

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}
const verifierOf = (text: string): NoteVerifier => right(parseVerifierKey(text))

/** Text that a note may have: Unicode, no control characters, a newline at its end. */
const body = fc
  .array(
    fc.string({ unit: 'binary', maxLength: 40 }).map((line) => line.replaceAll(/[^ -\uffff]/g, ' ').toWellFormed()),
    { minLength: 1, maxLength: 6 },
  )
  .map((lines) => `${lines.join('\n')}\n`)

const linesOf = (note: string): ReadonlyArray<string> => note.split('\n')

describe('a signed note', () => {
  it('opens to what was signed, by whom, for any text', () => {
    fc.assert(
      fc.property(body, (text) => {
        const note = right(signNote([ada, bob])(text))
        expect(right(openNote([bob, ada])(note))).toEqual({ body: text, signedBy: [ada, bob] })
      }),
    )
  })

  it('has the text, an empty line, and a line a signature', () => {
    const note = right(signNote([ada, eve])('one\n\nthree\n'))
    expect(linesOf(note)).toEqual([
      'one',
      '',
      'three',
      '',
      expect.stringMatching(/^— device-install-state\.audit [A-Za-z0-9+/]{91}=$/),
      expect.stringMatching(/^— eve\.example\/log [A-Za-z0-9+/]{91}=$/),
      '',
    ])
  })

  // The key and the note are those that the documentation of Go's sumdb/note shows; both sides of the format in one.
  const goVerifierKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const goText =
    'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n'.replace(
      '’',
      "'",
    )
  const goSignature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM='

  it('is what Go’s sumdb/note makes of the same text and key', () => {
    const go = verifierOf(goVerifierKey)
    expect(openNote([go])(`${goText}\n— PeterNeumann ${goSignature}\n`)).toEqual(
      E.right({ body: goText, signedBy: [go] }),
    )
  })

  // RFC 8032 §7.1, test 1: the seed and its public key.
  it('has the key id that its rule gives for the public key of RFC 8032', () => {
    const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
    const key = createPrivateKey({
      key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
      format: 'der',
      type: 'pkcs8',
    })
    const { verifierKey } = noteSigner(key)
    expect(Buffer.from(verifierKey.split('+').slice(2).join('+'), 'base64').toString('hex')).toBe(
      '01d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    )
    expect(verifierOf(verifierKey).keyId).toBe(noteSigner(key).keyId)
  })

  it('is opened whoever else has signed it, and names those we know, once', () => {
    const note = right(signNote([eve, ada, ada])('x\n'))
    expect(openNote([ada])(note)).toEqual(E.right({ body: 'x\n', signedBy: [ada] }))
  })

  it('is not opened when nobody we know has signed it', () => {
    const note = right(signNote([eve, bob])('x\n'))
    expect(openNote([ada])(note)).toMatchObject({
      left: { _tag: 'SignedByNobodyKnown', keys: [{ keyId: eve.keyId }, { keyId: bob.keyId }] },
    })
    expect(openNote([])(note)).toMatchObject({ left: { _tag: 'SignedByNobodyKnown' } })
  })

  it('is not opened when one we know has signed something else, whoever has signed this', () => {
    const [, , bobsLine = ''] = linesOf(right(signNote([bob])('y\n')))
    const note = `${right(signNote([ada])('x\n'))}${bobsLine}\n`
    expect(openNote([ada, bob])(note)).toMatchObject({ left: { _tag: 'SignatureWrong', key: { keyId: bob.keyId } } })
    expect(E.isRight(openNote([ada])(note))).toBe(true)
  })

  it('is not opened when the second signature of a key is wrong, though its first is right', () => {
    const [, , otherLine = ''] = linesOf(right(signNote([ada])('y\n')))
    const note = `${right(signNote([ada])('x\n'))}${otherLine}\n`
    expect(openNote([ada])(note)).toMatchObject({ left: { _tag: 'SignatureWrong' } })
  })

  it('is by an unknown key when only the name or only the id is known', () => {
    const note = right(signNote([ada])('x\n'))
    for (const other of [
      { ...ada, name: 'other' },
      { ...ada, keyId: '00000000' },
    ]) {
      expect(openNote([other])(note)).toMatchObject({ left: { _tag: 'SignedByNobodyKnown' } })
    }
  })

  it('is proved by the right one of two keys that happen to have one name and id', () => {
    const note = right(signNote([ada])('x\n'))
    const twin = { ...bob, keyId: ada.keyId }
    expect(openNote([twin, ada])(note)).toEqual(E.right({ body: 'x\n', signedBy: [ada] }))
    expect(openNote([twin])(note)).toMatchObject({ left: { _tag: 'SignatureWrong' } })
  })
})

describe('a note of which a byte was changed', () => {
  const text = 'device-install-state.audit/ledger\n42\n\nAAAA\n'
  const note = Buffer.from(right(signNote([ada, eve])(text)))

  const opened = (bytes: Uint8Array): E.Either<unknown, { readonly body: string }> => {
    try {
      return openNote([ada, bob])(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch (error) {
      return E.left(error)
    }
  }
  /** Each bit turned, and what parts lines and words. */
  const becoming = (byte: number): ReadonlyArray<number> =>
    [1, 2, 4, 8, 16, 32, 64, 128]
      .map((bit) => byte ^ bit)
      .concat([0x00, 0x0a, 0x20, 0x2b, 0x3d, 0xff])
      .filter((value) => value !== byte)
  const allowed = note.indexOf(`— ${eve.name}`)

  it('never opens, wherever the byte is and whatever it becomes, signatures of unknown keys aside', () => {
    for (let at = 0; at < note.byteLength; at++) {
      for (const value of becoming(note[at] ?? 0)) {
        const changed = Buffer.from(note)
        changed[at] = value
        const result = opened(changed)
        if (E.isRight(result)) {
          expect(at).toBeGreaterThanOrEqual(allowed)
          expect(result.right.body).toBe(text)
        }
      }
    }
  })

  it.each([
    ['cut off', (at: number) => [note.subarray(0, at)]],
    ['removed', (at: number) => [note.subarray(0, at), note.subarray(at + 1)]],
    ['doubled', (at: number) => [note.subarray(0, at + 1), note.subarray(at)]],
    ['put in', (at: number) => [note.subarray(0, at), Buffer.of(0x0a), note.subarray(at)]],
  ])('never opens to another text, also with a byte %s', (_, change) => {
    for (let at = 0; at < note.byteLength; at++) {
      const result = opened(Buffer.concat(change(at)))
      expect(E.isLeft(result) || result.right.body === text).toBe(true)
    }
  })

  it('never opens to another text when it was read as UTF-8 that forgives', () => {
    for (let at = 0; at < note.byteLength; at++) {
      const changed = Buffer.from(note)
      changed[at] = 0xff
      const result = openNote([ada])(changed.toString('utf8'))
      expect(E.isLeft(result) || result.right.body === text).toBe(true)
    }
  })

  it('never opens to another text when it is any text with our signatures below', () => {
    const signatures = note.subarray(Buffer.from(text).byteLength).toString()
    fc.assert(
      fc.property(body, (other) => {
        fc.pre(other !== text)
        expect(E.isLeft(openNote([ada])(`${other}${signatures}`))).toBe(true)
      }),
    )
  })
})

describe('what is no note', () => {
  const good = right(signNote([ada])('x\n'))
  const line = linesOf(good)[2] ?? ''
  const base64 = line.split(' ')[2] ?? ''

  it.each([
    ['nothing', ''],
    ['a text without signatures', 'x\n'],
    ['a text and an empty line', 'x\n\n'],
    ['a signature without its newline', good.slice(0, -1)],
    ['a signature without a text', `\n${line}\n`],
    ['a signature and an empty line', `${good}\n`],
    ['an empty line between signatures', `x\n\n${line}\n\n`],
    ['Windows’ line ends', good.replaceAll('\n', '\r\n')],
    ['a tab in its text', good.replace('x', 'x\t')],
    ['a NUL in its text', good.replace('x', 'x\0')],
    ['half a surrogate pair', good.replace('x', 'x\ud800')],
    ['another dash', good.replace('—', '–')],
    ['two spaces', good.replace('— ', '—  ')],
    ['a signature with a fourth part', good.replace(line, `${line} x`)],
    ['no name', good.replace(`${noteName} `, '')],
    ['a name with a plus', good.replace(noteName, 'a+b')],
    ['a name with a no-break space', good.replace(noteName, 'a\u00a0b')],
    ['a name with a next-line character', good.replace(noteName, 'a\u0085b')],
    ['a signature of an id alone', good.replace(base64, base64.slice(0, 5).padEnd(8, '=').replace(/.=/, '=='))],
    ['a signature without padding', good.replace('=\n', '\n')],
    ['a signature in base64url', good.replace(base64, `${'_'.repeat(91)}=`)],
    ['a line of something else below', `${good}x\n`],
  ])('%s is refused', (_, text) => {
    expect(openNote([ada])(text)).toMatchObject({ _tag: 'Left', left: { _tag: 'NotANote' } })
  })

  it('a note with more than 100 signatures is refused, one with 100 is not', () => {
    const [head] = good.split('—')
    const withSignatures = (count: number) => `${head}${`${line}\n`.repeat(count)}`
    expect(E.isRight(openNote([ada])(withSignatures(mostSignatures)))).toBe(true)
    expect(openNote([ada])(withSignatures(mostSignatures + 1))).toMatchObject({ left: { _tag: 'NotANote' } })
  })

  it('a note of more than 256 Ki characters is refused, and not signed', () => {
    const long = `${'x'.repeat(longestNote)}\n`
    expect(openNote([ada])(`${long}\n${line}\n`)).toMatchObject({ left: { _tag: 'NotANote' } })
    expect(signNote([ada])(long)).toMatchObject({ left: { _tag: 'NotANote' } })
  })

  it.each(['', 'x', 'x\r\n', 'x\0\n', '\udc00\n'])('the text %j is not signed', (text) => {
    expect(signNote([ada])(text)).toMatchObject({ left: { _tag: 'NotANote' } })
  })

  it('nothing that is signed is too long to be opened', () => {
    const longest = (length: number) => signNote([ada, bob])(`${'x'.repeat(length - 1)}\n`)
    for (let length = longestNote - 260; length <= longestNote; length += 20) {
      const note = longest(length)
      expect(E.isLeft(note) || E.isRight(openNote([ada])(note.right))).toBe(true)
    }
  })
})

describe('a verifier key', () => {
  it('is read as it was printed', () => {
    const verifier = verifierOf(ada.verifierKey)
    expect(verifier).toMatchObject({ name: ada.name, keyId: ada.keyId, verifierKey: ada.verifierKey })
    expect(E.isRight(openNote([verifier])(right(signNote([ada])('x\n'))))).toBe(true)
    expect(ada.verifierKey).toMatch(/^device-install-state\.audit\+[0-9a-f]{8}\+AQ?[A-Za-z0-9+/]+=*$/)
  })

  it('is refused, or is another key by name, when any character is changed', () => {
    const text = ada.verifierKey
    for (let at = 0; at < text.length; at++) {
      for (const other of ['A', 'b', '0', '+', '/', '=', ' ', '\n', 'é']) {
        if (text[at] !== other) {
          expect(E.isLeft(parseVerifierKey(text.slice(0, at) + other + text.slice(at + 1)))).toBe(true)
        }
      }
    }
  })

  it.each([
    ['nothing', ''],
    ['a name alone', noteName],
    ['no name', ada.verifierKey.replace(noteName, '')],
    ['an id in capitals', ada.verifierKey.replace(ada.keyId, 'ABCDEF01')],
    ['a newline at its end', `${ada.verifierKey}\n`],
  ])('is refused when it is %s', (_, text) => {
    expect(E.isLeft(parseVerifierKey(text))).toBe(true)
  })

  it('of another algorithm or length is refused, though its id is right', () => {
    // Algorithm 2 and 31 bytes; the ids are those of these very bytes.
    expect(parseVerifierKey('x+00000000+AgAA')).toEqual(E.left('it is no Ed25519 key'))
    expect(parseVerifierKey(`x+00000000+${Buffer.alloc(34, 1).toString('base64')}`)).toEqual(
      E.left('it is no Ed25519 key'),
    )
  })

  it('that is no point of the curve proves nothing', () => {
    const bytes = Buffer.alloc(33, 0xff)
    bytes[0] = 1
    const other = parseVerifierKey(`x+00000000+${bytes.toString('base64')}`)
    expect(other).toEqual(E.left('its id is not that of its key'))
  })
})
