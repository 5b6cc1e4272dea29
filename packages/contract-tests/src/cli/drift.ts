import { basename } from 'node:path'
import { aspectsOfKind, compareWithModel, pinnedFiles, type PublishedFile, readPublished } from '../drift/index.js'
import type { Result } from '../report/finding.js'
import { type CommandContext, type ContractCommand, WrongUsage } from './command.js'

const usage = `
usage: contract-tests drift [--csdl FILE] [--openapi FILE] [--page FILE.md] [OPTIONS]

Compares what Microsoft publishes of deviceInstallState with the model, in both directions: properties, types,
nullability, members of the enum, routes, status, permission, examples. What harms whoever sends or reads by the model is
breaking; what the model bears is compatible, and told as well. Without a file it looks at the excerpts in this package.

  --csdl FILE     OData metadata, v1.0 or beta: schemas/v1.0-Prod.csdl of microsoftgraph/msgraph-metadata, or
                  https://graph.microsoft.com/v1.0/$metadata
  --openapi FILE  OpenAPI 3, YAML or JSON: openapi/v1.0/openapi.yaml of the same, or Devices.CorporateManagement.yml
                  of msgraph-sdk-powershell
  --page FILE.md  the page of the create: intune-books-deviceinstallstate-create.md of microsoft-graph-docs-contrib
`

const kinds = ['csdl', 'openapi', 'page'] as const

const filesOf = ({ positionals, values }: CommandContext): ReadonlyArray<PublishedFile> => {
  if (positionals.length > 0) {
    throw new WrongUsage(
      'A file is told with what it is: --csdl, --openapi or --page. See "contract-tests drift --help".',
    )
  }
  const files = kinds.flatMap((kind) => {
    const path = values[kind]
    return typeof path === 'string' ? [{ kind, path }] : []
  })
  return files.length === 0 ? pinnedFiles : files
}

const notFound = 'The file does not say it, or not where files of its kind do. Look there yourself.'

export const driftCommand: ContractCommand = {
  name: 'drift',
  summary: 'compare what Microsoft publishes with the model',
  usage,
  options: { csdl: { type: 'string' }, openapi: { type: 'string' }, page: { type: 'string' } },
  run: async (context) => {
    const startedAt = new Date()
    const files = filesOf(context)
    const results: Array<Result> = []
    for (const file of files) {
      const begun = performance.now()
      const aspects = compareWithModel(await readPublished(file), aspectsOfKind[file.kind])
      const durationInMs = (performance.now() - begun) / aspects.length
      for (const { findings, name } of aspects) {
        const result = {
          group: basename(file.path),
          name,
          durationInMs,
          ...(findings === undefined ? { findings: [], skipped: notFound } : { findings }),
        }
        results.push(result)
        context.tell(result)
      }
    }
    return {
      title: 'What Microsoft publishes, and the model',
      subject: files.map(({ path }) => basename(path)).join(', '),
      startedAt,
      durationInMs: Date.now() - startedAt.getTime(),
      results,
      notes: [
        ...(files === pinnedFiles ? ['These are the excerpts of this package, not what is published today.'] : []),
        ...results
          .filter(({ skipped }) => skipped !== undefined)
          .map(({ group, name }) => `Not looked at in ${group}: ${name}. ${notFound}`),
      ],
    }
  },
}
