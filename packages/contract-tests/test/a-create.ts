import { documentedExample } from '@device-install-state/model/fields'
import { type GraphVersion, graphVersions, operations } from '@device-install-state/model/operations'

/** Everywhere that a create can go: both versions, both operations, with and without a slash at the end. */
export const places = graphVersions.flatMap((version) =>
  operations.flatMap(({ name, template }) =>
    ['', '/'].map((slash) => ({ name, version, path: `${pathOf(version, template)}${slash}` })),
  ),
)

export const bookPath = pathOf('beta', operations[0].template)
export const userPath = pathOf('beta', operations[1].template)

function pathOf(version: GraphVersion, template: string): string {
  return `/${version}${template}`.replace('{managedEBookId}', 'B1').replace('{userInstallStateSummaryId}', 'S1')
}

export const aToken = { Authorization: 'Bearer a-token' }

/** The documented example, or another body, at Graph or another origin; headers that are undefined are left out. */
export const aCreate = (
  change: {
    readonly origin?: string
    readonly path?: string
    readonly body?: string
    readonly headers?: Readonly<Record<string, string | undefined>>
  } = {},
): Request => {
  const { body = documentedExample.request, origin = 'https://graph.microsoft.com', path = bookPath } = change
  const headers = new Headers()
  for (const [name, value] of Object.entries({ ...aToken, 'Content-Type': 'application/json', ...change.headers })) {
    if (value !== undefined) headers.set(name, value)
  }
  // As bytes, because a string would bring a Content-Type of its own.
  return new Request(`${origin}${path}`, { method: 'POST', headers, body: new TextEncoder().encode(body) })
}

/** The documented example with some properties changed, or taken away by undefined. */
export const exampleWith = (change: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...JSON.parse(documentedExample.request), ...change })

export const aGet = (path: string, headers: Readonly<Record<string, string>> = aToken): Request =>
  new Request(`https://graph.microsoft.com${path}`, { headers })
