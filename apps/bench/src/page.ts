// The figures in docs/performance.md, between two marks; what stands around them is written by hand.
import { readFile, writeFile } from 'node:fs/promises'
import type { Alone } from './alone.ts'
import { importCosts } from './imports.ts'
import type { Measured } from './measure.ts'
import { figuresTable, importsTable, targetsTable } from './tables.ts'

const docs = (file: string): URL => new URL(`../../../docs/${file}`, import.meta.url)

const rivals = ['express', 'fastify', '@fastify/http-proxy', '@fastify/jwt', 'http-proxy-middleware', 'jose', 'undici']

const versionOf = async (name: string): Promise<string> => {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  const { version }: { readonly version: string } = JSON.parse(await readFile(file, 'utf8'))
  return `${name} ${version}`
}

export const pageOf = async (all: ReadonlyArray<Measured>, alone: Alone, machine: string): Promise<string> => {
  const rounds = new Set(all.map(({ round }) => round)).size
  const versions = await Promise.all(rivals.map(versionOf))
  return [
    '## Targets',
    '',
    targetsTable(all, alone),
    '',
    '![CPU for each request](performance.svg)',
    '',
    '## The start',
    '',
    importsTable(await importCosts()),
    '',
    '## All figures',
    '',
    figuresTable(all),
    '',
    `Medians of ${String(rounds)} interleaved rounds; ratios are medians of the ratios of each round. ${machine}. ${versions.join(', ')}.`,
    '',
  ].join('\n')
}

const [begin, end] = ['<!-- made by `pnpm bench`: begin -->', '<!-- made by `pnpm bench`: end -->']

export const writePage = async (page: string, svg: string): Promise<void> => {
  const file = docs('performance.md')
  const text = await readFile(file, 'utf8')
  const [before, rest = ''] = text.split(begin)
  const [, after] = rest.split(end)
  if (before === undefined || after === undefined) throw new Error('docs/performance.md has no marks for the figures')
  await writeFile(file, `${before}${begin}\n\n${page}\n${end}${after}`)
  await writeFile(docs('performance.svg'), svg)
}
