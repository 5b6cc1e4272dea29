import { openApiDocument } from '../openapi/openapi-document.js'

export const atOnce = openApiDocument()
