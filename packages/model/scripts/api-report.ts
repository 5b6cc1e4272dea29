// The public interface of every entry point, as files in api/ that a reviewer sees change. `pnpm run api-report` writes
// them; the tests call `apiReports` and fail where a file is not what the sources say.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly import: string }>>
}

const { exports }: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const entries = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === 'string'
    ? []
    : [
        {
          name: path === '.' ? 'index' : path.slice('./'.length),
          types: join(root, target.import.replace(/\.js$/, '.d.ts')),
        },
      ],
)

const quiet = { logLevel: ExtractorLogLevel.None }
const loud = { logLevel: ExtractorLogLevel.Error }

const configOf = ({ name, types }: (typeof entries)[number]): ExtractorConfig =>
  ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(root, 'api'),
        reportTempFolder: join(root, 'test-results', 'api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: loud },
        extractorMessageReporting: {
          default: loud,
          'ae-missing-release-tag': quiet,
          'ae-forgotten-export': quiet,
          'ae-undocumented': quiet,
        },
        tsdocMessageReporting: { default: quiet },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })

export interface ApiReport {
  readonly entry: string
  readonly isChanged: boolean
  readonly errorCount: number
}

/** Whether each entry point is as its report says; `isLocal` writes the reports that are not. */
export const apiReports = ({ isLocal }: { readonly isLocal: boolean }): ReadonlyArray<ApiReport> => {
  mkdirSync(join(root, 'api'), { recursive: true })
  const [first] = entries
  if (first === undefined) return []
  const compilerState = CompilerState.create(configOf(first), {
    additionalEntryPoints: entries.map(({ types }) => types),
  })
  return entries.map((entry) => {
    const { apiReportChanged, errorCount } = Extractor.invoke(configOf(entry), {
      compilerState,
      localBuild: isLocal,
      messageCallback: (message) => {
        message.handled = message.logLevel !== ExtractorLogLevel.Error
      },
    })
    return { entry: entry.name, isChanged: apiReportChanged, errorCount }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { entry, errorCount, isChanged } of apiReports({ isLocal: true })) {
    const errors = errorCount > 0 ? `, ${String(errorCount)} error(s)` : ''
    process.stdout.write(`${entry}: ${isChanged ? 'changed' : 'as before'}${errors}\n`)
  }
}
