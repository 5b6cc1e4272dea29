import * as E from 'fp-ts/lib/Either.js'
import type { ConfigProblem, Environment } from './config-problem.js'
import { type Variables, variables } from './variables.js'

/** Variables that hold a secret, or may. Each may be left unset, and its value be in a file that `NAME_FILE` names. */
export const secretVariables = [
  'HTTPS_PROXY',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PASSWORD',
  'AUDIT_DATABASE_URL',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const satisfies ReadonlyArray<keyof Variables>

type SecretVariable = (typeof secretVariables)[number]

export const fileVariableOf = <Name extends string>(name: Name): `${Name}_FILE` => `${name}_FILE`

/** What a file holds, but for the line ends at its end. Left is the end of a sentence, and has nothing of path and content. */
export type ReadSecretFile = (path: string) => E.Either<string, string>

interface WithSecrets {
  /** Each secret as if it had been set itself. One that could not be read has its example, so that the rest can be looked at. */
  readonly environment: Environment
  readonly problems: ReadonlyArray<ConfigProblem>
  /** Variables whose value comes from a file. */
  readonly fromFiles: ReadonlyArray<string>
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== ''

const secretIn = (
  read: ReadSecretFile,
  environment: Environment,
  name: SecretVariable,
): E.Either<ConfigProblem, string | undefined> => {
  const variable = fileVariableOf(name)
  const path = environment[variable]
  if (!isSet(path)) return E.right(undefined)
  if (isSet(environment[name]))
    return E.left({ variable, message: `is set, and so is ${name}, of which it would be the file. Unset one of them` })
  return E.mapLeft(
    (fault: string): ConfigProblem => ({
      variable,
      message: `${fault}. Set it to the path of a file that holds ${variables[name].guidance.expectation}`,
    }),
  )(read(path))
}

/** Reads the secrets that are in files. Both a variable and its file are one too many, whatever they hold. */
export const withSecretFiles = (read: ReadSecretFile, environment: Environment): WithSecrets => {
  const found = secretVariables.map((name) => ({ name, secret: secretIn(read, environment, name) }))
  return {
    environment: {
      ...environment,
      ...Object.fromEntries(
        found.flatMap(({ name, secret }) => {
          if (E.isRight(secret)) return secret.right === undefined ? [] : [[name, secret.right]]
          return isSet(environment[name]) ? [] : [[name, variables[name].guidance.example]]
        }),
      ),
    },
    problems: found.flatMap(({ secret }) => (E.isLeft(secret) ? [secret.left] : [])),
    fromFiles: found.flatMap(({ name, secret }) => (E.isRight(secret) && secret.right !== undefined ? [name] : [])),
  }
}
