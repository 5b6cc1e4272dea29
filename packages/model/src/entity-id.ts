import type * as t from 'io-ts'
import { type Described, stringLeaf } from './described.js'

/**
 * 1 to 128 letters, digits, `_`, `.`, `-`, the first a letter or digit, no `..`: nothing that could leave its path.
 * Portable: JSON Schema and OpenAPI state it as it is.
 */
export const entityIdPattern = String.raw`^[A-Za-z0-9](?:\.?[A-Za-z0-9_-])*\.?$`
export const longestEntityId = 128

const grammar = new RegExp(entityIdPattern)

const entityId = <A extends string>(name: string): Described<A> =>
  stringLeaf(
    name,
    (u): u is A => typeof u === 'string' && u.length <= longestEntityId && grammar.test(u),
    '1 to 128 letters, digits, "_", "." or "-", a letter or digit first, no ".."',
    'format',
  )

/** Marks what the codec has seen. */
export interface ManagedEBookIdBrand {
  readonly ManagedEBookId: unique symbol
}

/** The key of a managedEBook. Opaque: the metadata says String, so it need not be a GUID. */
export type ManagedEBookId = t.Branded<string, ManagedEBookIdBrand>
/** 1 to 128 letters, digits, `_`, `.`, `-`, so that it cannot leave its path. */
export const ManagedEBookId: Described<ManagedEBookId> = entityId('ManagedEBookId')

/** Marks what the codec has seen. */
export interface UserInstallStateSummaryIdBrand {
  readonly UserInstallStateSummaryId: unique symbol
}

/** The key of a userInstallStateSummary. Opaque, as above. */
export type UserInstallStateSummaryId = t.Branded<string, UserInstallStateSummaryIdBrand>
/** As `ManagedEBookId`. */
export const UserInstallStateSummaryId: Described<UserInstallStateSummaryId> = entityId('UserInstallStateSummaryId')
