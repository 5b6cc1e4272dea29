import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Express, type NextFunction, type Response } from 'express'

/** Nothing from elsewhere, nothing inline, nothing in a frame; pictures of the style sheet are data. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const ofEveryAnswer: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // To be kept, but to be asked for whenever it is used: what is there changes with the gateway.
  'Cache-Control': 'no-cache',
}

/** An application that leaves to the next what it does not know. */
export type ApiDocumentation = Express

interface PageFile {
  readonly folder: 'ours' | 'viewer'
  readonly name: string
  readonly type: string
}

/** All files that there are to be had. A path is one of these, character for character, or none. */
const pageFiles: ReadonlyMap<string, PageFile> = new Map<string, PageFile>([
  ['/docs', { folder: 'ours', name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/docs/page.css', { folder: 'ours', name: 'page.css', type: 'text/css; charset=utf-8' }],
  ['/docs/page.mjs', { folder: 'ours', name: 'page.mjs', type: 'text/javascript; charset=utf-8' }],
  ['/docs/swagger-ui.css', { folder: 'viewer', name: 'swagger-ui.css', type: 'text/css; charset=utf-8' }],
  [
    '/docs/swagger-ui-bundle.js',
    { folder: 'viewer', name: 'swagger-ui-bundle.js', type: 'text/javascript; charset=utf-8' },
  ],
])

const folders: Readonly<Record<PageFile['folder'], () => string>> = {
  ours: () => fileURLToPath(new URL('../../api-page', import.meta.url)),
  viewer: () => dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json'))),
}

const unreadable = { status: 'unreadable' }

/** Streamed from the disk, so that nothing of it stays in memory. */
const sendFile = (response: Response, { folder, name, type }: PageFile, next: NextFunction): void => {
  response
    .type(type)
    .sendFile(name, { root: folders[folder](), cacheControl: false, acceptRanges: false }, (error: unknown) => {
      if (error !== undefined) next(error)
    })
}

/** RFC 9110 §13.1: by If-Match or If-Unmodified-Since. */
const isAskedForAnother = (error: unknown): boolean =>
  error instanceof Error && 'status' in error && error.status === 412

/** Without a word of what went wrong, which may name places of the disk. */
const tellUnreadable: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  // What goes wrong after the beginning can be told nobody any more.
  if (response.headersSent) response.destroy()
  else if (isAskedForAnother(error)) response.status(412).type('json').json({ status: 'preconditionFailed' })
  else response.status(500).type('json').json(unreadable)
}

/**
 * `/openapi.json`, and `/docs`, which shows it to people; an application of its own, which knows entity tags. Nothing is read
 * before somebody asks. The links of the page are relative, so that it may stand behind a prefix.
 */
export const expressApiDocumentation = (document: () => Promise<string>): ApiDocumentation => {
  const app = express()
  for (const feature of ['x-powered-by', 'query parser']) app.set(feature, false)
  app.use((request, response, next) => {
    const file = pageFiles.get(request.path)
    const isKnown = file !== undefined || request.path === '/openapi.json' || request.path === '/docs/'
    if (!isKnown) return next()
    response.set(ofEveryAnswer)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      response.set('Allow', 'GET, HEAD').status(405).json({ status: 'methodNotAllowed' })
    else if (file !== undefined) sendFile(response, file, next)
    else if (request.path === '/docs/') response.redirect(308, '../docs')
    else document().then((text) => response.type('application/json').send(text), next)
  })
  app.use(tellUnreadable)
  return app
}
