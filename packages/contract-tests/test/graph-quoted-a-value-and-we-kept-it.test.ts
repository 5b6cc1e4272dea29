import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphErrors } from '../src/index.js'
import { exampleWith } from './a-create.js'
import { errorIn, exchange } from './support/exchange.js'
import { startSystem, type System } from './support/start-system.js'

// Graph's OData reader names the value it stumbled over. The proxy once kept Graph's message as the reason of a refusal,
// in the ledger and in the log, with the name of the user in it. Reported, and red until it is mended: a value that Graph
// prints otherwise than it was sent still gets through, the last two of the cases.
let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

const { modelValidationFailure } = graphErrors

const saying = (message: string) => ({
  ...modelValidationFailure,
  body: { error: { ...modelValidationFailure.body.error, message } },
})

const userName = `MARK O'Hara (Ada) [7] $& \\ "x"`

describe('a refusal of Graph that quotes a value of the body', () => {
  it.each([
    ['as it is', `Cannot convert the literal '${userName}' to the expected type 'Edm.String'.`],
    ['twice', `${userName}, or else ${userName}`],
    ['in other case', `Requested value '${userName.toUpperCase()}' was not found.`],
    ['in the JSON of Intune', JSON.stringify({ _version: 3, Message: `Bad value '${userName}' - Operation ID: 1` })],
    ['in JSON of another kind', JSON.stringify({ reason: `Bad value '${userName}'` })],
    ['as a literal of OData', `Bad value '${userName.replaceAll("'", "''")}'`],
  ])('(%s) is told and kept without it', async (_, message) => {
    const { answer, records } = await exchange(system, {
      body: exampleWith({ userName }),
      graphAnswers: [saying(message)],
    })

    expect(errorIn(answer)).toMatchObject({ code: 'ModelValidationFailure', innerError: { code: 'upstreamRejected' } })
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', graphCode: 'ModelValidationFailure' })
    expect(answer.text).not.toMatch(/MARK|Hara/)
    expect(inspect(records, { depth: null })).not.toMatch(/MARK|Hara/)
    expect(inspect(system.log.at(-1), { depth: null })).not.toMatch(/MARK|Hara/)
  })
})
