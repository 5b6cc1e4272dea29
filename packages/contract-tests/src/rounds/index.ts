export { type RoundsOptions, runRounds } from './run-rounds.js'
