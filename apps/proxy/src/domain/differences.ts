/** How an answer may differ from what is documented. */
export const driftKinds = [
  /** It has a property that is not documented. */
  'newProperty',
  /** Its state is no documented member. */
  'newInstallState',
  /** Its date has a form that Graph does not use elsewhere. */
  'otherDateForm',
  /** Graph says 200 where it documents 201. */
  'status200',
  /** A property is not there, or has another type: it cannot be read. */
  'otherShape',
] as const

export type DriftKind = (typeof driftKinds)[number]

/** One such difference, and where or what it is: a name, a member, a form; never a value that a caller sent. */
export interface Drift {
  readonly kind: DriftKind
  readonly place: string
}

/** How an answer differs from what is documented, and from what was sent. */
export interface Differences {
  readonly drift: ReadonlyArray<Drift>
  /** Names of properties that were sent with another value than was answered, sorted. */
  readonly echoMismatch: ReadonlyArray<string>
}
