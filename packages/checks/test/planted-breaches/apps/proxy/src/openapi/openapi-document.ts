export { thing } from '../audit/sqlite-thing.js'

export const openApiDocument = () => ({})
