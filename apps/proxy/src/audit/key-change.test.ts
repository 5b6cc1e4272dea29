import { generateKeyPairSync } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { readCheckpoint } from './checkpoint-body.js'
import { checkKeyChange, keyChangeStatement } from './key-change.js'
import { noteSigner, parseVerifierKey } from './node-note-key.js'
import { type NoteSigner, signNote } from './signed-note.js'

const aSigner = (): NoteSigner => noteSigner(generateKeyPairSync('ed25519').privateKey)
const old = aSigner()
const next = aSigner()
const other = aSigner()
const origin = 'ledger.example/a'
const title = 'device-install-state.audit/key-change'

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}
const statementOf = (): string => {
  const statement = right(keyChangeStatement([next, other, old])({ origin, verifierKey: old.verifierKey }))
  return O.isSome(statement) ? statement.value : ''
}
const check = (statement: string, verifier = old, ledger = origin) =>
  checkKeyChange(parseVerifierKey)({ origin: ledger, verifier })(statement)

describe('a change of the signing key', () => {
  it('is stated by both keys, and makes the new one known to whoever trusts the old one', () => {
    const statement = statementOf()
    expect(statement.split('\n').slice(0, 5)).toEqual([title, origin, old.verifierKey, next.verifierKey, ''])
    expect(statement.split('\n— ').length).toBe(3)
    expect(check(statement)).toMatchObject({ right: { verifierKey: next.verifierKey, keyId: next.keyId } })
  })

  it('need not be stated while the key is the same', () => {
    expect(keyChangeStatement([old, next])({ origin, verifierKey: old.verifierKey })).toEqual(E.right(O.none))
  })

  it('cannot be stated without the old key: its id is told, and what to do', () => {
    expect(keyChangeStatement([next, other])({ origin, verifierKey: old.verifierKey })).toEqual(
      E.left(
        expect.stringMatching(new RegExp(`last signed with the key ${old.keyId}.*put it back, below the new key`)),
      ),
    )
  })

  it('cannot be stated for an origin that is not one line', () => {
    expect(keyChangeStatement([next, old])({ origin: 'a\0b', verifierKey: old.verifierKey })._tag).toBe('Left')
    expect(keyChangeStatement([next, old])({ origin: 'a\nb', verifierKey: old.verifierKey })._tag).toBe('Left')
  })
})

describe('a statement of a key change that is not to be believed', () => {
  const bodyOf = (...lines: ReadonlyArray<string>) => `${lines.join('\n')}\n`
  const body = bodyOf(title, origin, old.verifierKey, next.verifierKey)
  const signed = (text: string, ...[first, ...others]: readonly [NoteSigner, ...ReadonlyArray<NoteSigner>]) =>
    right(signNote([first, ...others])(text))

  it('is taken when it is as it should be, in whichever order they signed', () => {
    expect(E.isRight(check(signed(body, next, old)))).toBe(true)
  })

  it.each([
    ['the new key alone has signed', () => check(signed(body, next)), 'SignedByNobodyKnown'],
    ['the old key alone has signed', () => check(signed(body, old)), 'NotAKeyChange'],
    ['a third key has signed for the new one', () => check(signed(body, old, other)), 'NotAKeyChange'],
    ['another key is trusted', () => check(statementOf(), other), 'SignedByNobodyKnown'],
    ['the new key is the one that is trusted', () => check(statementOf(), next), 'NotAKeyChange'],
    ['it is about another ledger', () => check(statementOf(), old, 'ledger.example/b'), 'NotAKeyChange'],
    [
      'it is about another old key',
      () => check(signed(bodyOf(title, origin, other.verifierKey, next.verifierKey), old, next)),
      'NotAKeyChange',
    ],
    [
      'both keys are the same',
      () => check(signed(bodyOf(title, origin, old.verifierKey, old.verifierKey), old)),
      'NotAKeyChange',
    ],
    ['it has another title', () => check(signed(body.replace(title, 'x'), old, next)), 'NotAKeyChange'],
    ['it has a line more', () => check(signed(`${body}x\n`, old, next)), 'NotAKeyChange'],
    ['it is a checkpoint', () => check(signed(bodyOf(origin, '1', `${'A'.repeat(43)}=`), old, next)), 'NotAKeyChange'],
    [
      'its new key is none',
      () => check(signed(bodyOf(title, origin, old.verifierKey, 'x'), old, next)),
      'NotAKeyChange',
    ],
    ['it is no note', () => check('x'), 'NotANote'],
  ])('is refused when %s', (_, result, tag) => {
    expect(result()).toMatchObject({ _tag: 'Left', left: { _tag: tag } })
  })

  it('is refused when the new key’s signature is of something else', () => {
    const [, , , , , wrong = ''] = signed(body.replace(origin, 'o'), next).split('\n')
    expect(check(`${signed(body, old)}${wrong}\n`)).toMatchObject({
      left: { _tag: 'SignatureWrong', key: { keyId: next.keyId } },
    })
  })

  it('is told to name one key twice when it does', () => {
    const statement = signed(bodyOf(title, origin, old.verifierKey, old.verifierKey), old)
    expect(check(statement)).toEqual(E.left({ _tag: 'NotAKeyChange', reason: 'both keys are the same' }))
  })

  it('can never be read as a checkpoint', () => {
    expect(E.isLeft(readCheckpoint(body))).toBe(true)
    expect(E.isLeft(readCheckpoint(bodyOf(title, '7', old.verifierKey, next.verifierKey)))).toBe(true)
  })
})
