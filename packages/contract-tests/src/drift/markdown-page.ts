import { operations } from '@device-install-state/model/operations'
import MarkdownIt from 'markdown-it'
import { CouldNotRun } from '../could-not-run.js'
import {
  type PublishedContract,
  type PublishedExample,
  type PublishedProperty,
  type PublishedRoute,
  withoutNames,
} from './published-contract.js'

const markdown = new MarkdownIt({ html: true })

interface Row {
  readonly cells: ReadonlyArray<string>
  readonly line: number
}

interface Fence {
  readonly text: string
  readonly line: number
}

type Tokens = ReturnType<typeof markdown.parse>

const fencesOf = (tokens: Tokens): ReadonlyArray<Fence> =>
  tokens
    .filter(({ type }) => type === 'fence' || type === 'code_block')
    .map(({ content, map }) => ({ text: content, line: (map?.[0] ?? 0) + 2 }))

const rowsOf = (tokens: Tokens): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  let cells: Array<string> | undefined
  let line = 0
  for (const { content, map, type } of tokens) {
    if (type === 'tr_open') {
      cells = []
      line = (map?.[0] ?? 0) + 1
    } else if (type === 'inline') cells?.push(content)
    else if (type === 'tr_close' && cells !== undefined) {
      rows.push({ cells, line })
      cells = undefined
    }
  }
  return rows
}

const plain = (cell: string): string =>
  cell
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .trim()

// The page types enums as their own, or as String, and the key as String.
const types: ReadonlyMap<string, string> = new Map([
  ['String', 'Edm.String'],
  ['DateTimeOffset', 'Edm.DateTimeOffset'],
  ['installState', 'microsoft.graph.installState'],
])

const propertiesOf = (rows: ReadonlyArray<Row>): ReadonlyArray<PublishedProperty> => {
  const start = rows.findIndex(({ cells }) => cells[0] === 'Property' && cells[1] === 'Type')
  if (start === -1) return []
  const after = rows.slice(start + 1)
  const end = after.findIndex(({ cells }) => cells.length !== 3 || cells[0] === 'Property')
  return (end === -1 ? after : after.slice(0, end)).map(({ cells: [name = '', type = ''], line }) => ({
    name: plain(name),
    type: types.get(plain(type)) ?? plain(type),
    line,
  }))
}

const membersIn = (text: string): ReadonlyArray<string> => {
  const listed = /Possible values are:((?:\s*`\w+`\s*,?)+)/i.exec(text)?.[1] ?? ''
  return [...listed.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
}

const routesIn = (fences: ReadonlyArray<Fence>): ReadonlyArray<PublishedRoute> =>
  fences.flatMap(({ line, text }) =>
    text.split('\n').flatMap((row, index) => {
      const template = /^POST (\/\S+)\s*$/.exec(row)?.[1]
      return template === undefined
        ? []
        : [{ method: 'POST' as const, template: withoutNames(template), line: line + index }]
    }),
  )

/** `undefined` if the page does not speak of permissions; none if all that it says of them is that it is not supported. */
const permissionsIn = (text: string, rows: ReadonlyArray<Row>): ReadonlyArray<string> | undefined => {
  const ofRows = rows
    .filter(({ cells: [kind = ''] }) => /^(?:Delegated|Application)\b/.test(plain(kind)) && !/personal/i.test(kind))
    .flatMap(({ cells }) => cells.slice(1))
  const ofProse = /permission[^\n]*\n+\*([^*\n]+)\*/.exec(text)?.[1]
  const cells = ofRows.length > 0 ? ofRows : ofProse === undefined ? undefined : [ofProse]
  return cells?.flatMap((cell) =>
    plain(cell)
      .split(/,\s*/)
      .filter((permission) => /^\w+(?:\.\w+)+$/.test(permission)),
  )
}

const examplesIn = (fences: ReadonlyArray<Fence>): ReadonlyArray<PublishedExample> =>
  fences.flatMap(({ line, text }) => {
    const start = text.indexOf('\n{')
    if (start === -1) return []
    const isAnswer = text.startsWith('HTTP/')
    return isAnswer || /^POST\s/.test(text)
      ? [
          {
            which: isAnswer ? ('response' as const) : ('request' as const),
            text: text.slice(start + 1),
            line: line + text.slice(0, start + 1).split('\n').length - 1,
          },
        ]
      : []
  })

/** Reads a page of Graph's reference for this create, of 2017 or of today, in Markdown. Throws `CouldNotRun`. */
export const readPage = (file: string, source: string): PublishedContract => {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  if (/^\s*<(?:!doctype|html)/i.test(text)) {
    throw new CouldNotRun(
      `${file}:1 is HTML. The page is wanted as Markdown, as the repository microsoftgraph/microsoft-graph-docs-contrib has it.`,
    )
  }
  const tokens = markdown.parse(text, {})
  const rows = rowsOf(tokens)
  const fences = fencesOf(tokens)
  const properties = propertiesOf(rows)
  const routes = routesIn(fences)
  const missing = [
    ...(properties.length === 0 ? ['a table "Property | Type | Description"'] : []),
    ...(routes.length === 0 ? ['a code block with "POST /…"'] : []),
  ]
  if (missing.length > 0) {
    throw new CouldNotRun(
      `${file} has not what the page has: ${missing.join(', and ')}. Is it the page of ${operations[0].documentation}?`,
    )
  }
  const members = membersIn(text)
  const examples = examplesIn(fences)
  const permissions = permissionsIn(text, rows)
  const status = /`(\d{3}) \w+` response code/.exec(text)?.[1]
  return {
    properties,
    routes,
    ...(members.length === 0 ? {} : { members: members.map((name) => ({ name })) }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(status === undefined ? {} : { statuses: [status] }),
    ...(examples.length === 0 ? {} : { examples }),
  }
}
