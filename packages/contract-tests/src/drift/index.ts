export { type Aspect, compareWithModel } from './compare-with-model.js'
export { aspectsOfKind, type FileKind, pinnedFiles, type PublishedFile, readPublished } from './node-published-files.js'
export type {
  PublishedContract,
  PublishedExample,
  PublishedMember,
  PublishedProperty,
  PublishedRoute,
} from './published-contract.js'
