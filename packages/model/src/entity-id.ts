import * as t from 'io-ts'

const idGrammar = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/** 1 to 128 letters, digits, `_`, `.`, `-`, the first a letter or digit, no `..`: nothing that could leave its path. */
const isEntityId = (id: string): boolean => idGrammar.test(id)

export interface ManagedEBookIdBrand {
  readonly ManagedEBookId: unique symbol
}

/** The key of a managedEBook. Opaque: the metadata says String, so it need not be a GUID. */
export type ManagedEBookId = t.Branded<string, ManagedEBookIdBrand>
export const ManagedEBookId: t.Type<ManagedEBookId, string> = t.brand(
  t.string,
  (id): id is ManagedEBookId => isEntityId(id),
  'ManagedEBookId',
)

export interface UserInstallStateSummaryIdBrand {
  readonly UserInstallStateSummaryId: unique symbol
}

/** The key of a userInstallStateSummary. Opaque, as above. */
export type UserInstallStateSummaryId = t.Branded<string, UserInstallStateSummaryIdBrand>
export const UserInstallStateSummaryId: t.Type<UserInstallStateSummaryId, string> = t.brand(
  t.string,
  (id): id is UserInstallStateSummaryId => isEntityId(id),
  'UserInstallStateSummaryId',
)
