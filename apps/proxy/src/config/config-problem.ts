/** One thing that is wrong with the environment, for a person. Never holds the value. */
export interface ConfigProblem {
  readonly variable: string
  readonly message: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Something that must hold of several settings together. It is looked at when each that it reads is well by itself. */
export interface Together<Decoded> {
  readonly reads: ReadonlyArray<keyof Decoded>
  readonly problems: (decoded: Decoded) => ReadonlyArray<ConfigProblem>
}
