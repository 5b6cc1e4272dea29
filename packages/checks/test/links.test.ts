import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../src/pnpm.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')

const anchorsIn = (file: string): ReadonlyArray<string> =>
  [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

/** Links of a page that lead nowhere in this repository. */
const brokenLinks = (page: string): ReadonlyArray<string> =>
  [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, path = '', anchor]) => {
    const file = path === '' ? page : join(dirname(page), path)
    const isThere = existsSync(join(root, file)) && (anchor === undefined || anchorsIn(file).includes(anchor))
    return isThere ? [] : [link]
  })

const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', '{packages,apps}/*/README.md'], {
  cwd: root,
  exclude: ['**/node_modules/**'],
})

describe.each(pages)('%s', (page) => {
  it('has no link that leads nowhere', () => {
    expect(brokenLinks(page)).toEqual([])
  })
})
