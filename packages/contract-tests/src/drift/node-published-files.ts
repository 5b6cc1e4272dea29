import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CouldNotRun } from '../could-not-run.js'
import { readPage } from './markdown-page.js'
import type { PublishedContract } from './published-contract.js'
import { readCsdl } from './xml-csdl.js'
import { readOpenApi } from './yaml-openapi.js'

/** What a file is, and so how it is read. */
export type FileKind = keyof typeof readers

const readers = { csdl: readCsdl, openapi: readOpenApi, page: readPage } as const

/** What such a file says of the contract, if it is as Microsoft's are. */
export const aspectsOfKind: Readonly<Record<FileKind, ReadonlyArray<keyof PublishedContract>>> = {
  csdl: ['properties', 'members', 'key', 'routes'],
  openapi: ['properties', 'members', 'routes', 'statuses'],
  page: ['properties', 'members', 'routes', 'statuses', 'permissions', 'examples'],
}

export interface PublishedFile {
  readonly kind: FileKind
  readonly path: string
}

/** The excerpts that the package has, of both versions: what the model was last held against. */
export const pinnedFiles: ReadonlyArray<PublishedFile> = (
  [
    ['csdl', 'csdl-v1.0.xml'],
    ['csdl', 'csdl-beta.xml'],
    ['openapi', 'openapi-v1.0.yaml'],
    ['openapi', 'openapi-beta.yaml'],
    ['page', 'create-deviceinstallstate-2017.md'],
  ] as const
).map(([kind, name]) => ({ kind, path: fileURLToPath(new URL(`../../published/${name}`, import.meta.url)) }))

const whyUnreadable = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  return code === 'EISDIR' ? 'it is a folder' : String(error)
}

/** Reads a published file. Rejects with `CouldNotRun`, which names the file, and the line where it can. */
export const readPublished = async ({ kind, path }: PublishedFile): Promise<PublishedContract> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CouldNotRun(`${path} cannot be read: ${whyUnreadable(error)}.`)
  })
  const name = basename(path)
  if (text.trim() === '') throw new CouldNotRun(`${name} is empty.`)
  if (text.includes('\u0000')) throw new CouldNotRun(`${name} is no text: it has zero bytes in it.`)
  return readers[kind](name, text)
}
