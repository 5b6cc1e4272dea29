export { bodiesNobodyReads, bodiesToRefuse, bodiesToTake, type NamedBody } from './bodies.js'
export type { Interaction, Owed, TokenKind } from './interaction.js'
export { createOf, interactionsAt } from './interactions.js'
export { type Place, type PlaceIds, placesBelow } from './places.js'
