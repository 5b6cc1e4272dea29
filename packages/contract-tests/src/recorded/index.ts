export { findInPair, type Relevance, relevanceOf } from './find-in-pair.js'
export { type RecordedPair, readRecording } from './read-recording.js'
