import type { AnyOperation, GraphVersion, Route } from '@device-install-state/model/operations'
import { type GraphErrorAnswer, invalidVersion, unknownSegment } from './graph-errors.js'

/** Where a path leads, seen from one operation: to the states it creates, to one of them, or past them. */
export type Place =
  | { readonly _tag: 'Collection'; readonly route: Route }
  | { readonly _tag: 'Item'; readonly route: Route; readonly id: string }
  | { readonly _tag: 'MalformedIds' }
  | { readonly _tag: 'Elsewhere' }

const elsewhere: Place = { _tag: 'Elsewhere' }

const collectionAt = ({ match }: AnyOperation, versions: ReadonlyArray<GraphVersion>, path: string): Place => {
  const found = versions.map((version) => match(version, path)).find(({ _tag }) => _tag !== 'NoSuchRoute')
  if (found?._tag === 'Matched') return { _tag: 'Collection', route: found.route }
  return found?._tag === 'MalformedIds' ? { _tag: 'MalformedIds' } : elsewhere
}

const decoded = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** The path is undecoded and without query. The key of a state is opaque: any segment may be one. */
export const placeOf = (operation: AnyOperation, versions: ReadonlyArray<GraphVersion>, path: string): Place => {
  const collection = collectionAt(operation, versions, path)
  if (collection._tag !== 'Elsewhere') return collection

  const [, parentPath, segment] = /^(.*[^/])\/([^/]+)$/s.exec(path) ?? []
  if (parentPath === undefined || segment === undefined) return elsewhere
  const parent = collectionAt(operation, versions, parentPath)
  const id = decoded(segment)
  if (parent._tag !== 'Collection') return parent
  return id === undefined ? { _tag: 'MalformedIds' } : { _tag: 'Item', route: parent.route, id }
}

/**
 * Why a path leads to no device states: its version, or else its last segment. Graph names the first one it does not
 * know, but then Graph knows more than two routes.
 */
export const errorOfElsewhere = (versions: ReadonlyArray<GraphVersion>, path: string): GraphErrorAnswer => {
  const segments = path.split('/').filter((segment) => segment !== '')
  const [version = ''] = segments
  return versions.some((known) => known === version) ? unknownSegment(segments.at(-1) ?? '') : invalidVersion(version)
}
