/** One thing that is wrong with the environment, for a person. Never holds the value. */
export interface ConfigProblem {
  readonly variable: string
  readonly message: string
}

export type Environment = Readonly<Record<string, string | undefined>>
