export { openApiDocument, type OpenApiServer } from './openapi-document.js'
