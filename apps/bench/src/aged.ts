// `node src/aged.ts [CALLS] [ROUNDS]`: does a call cost more where much has been? One proxy has made so many calls before, from
// 20,000 callers to as many books as calls, has refused as many again, and has seen answers that are not as documented; the
// other has made none. Then both are asked the same, in turns.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { Pool } from 'undici'
import { chosenLoad } from './load.ts'
import { type Party, type PartySettings, startProxy } from './party.ts'
import { compareCosts } from './compare-costs.ts'
import { startWorld } from './start-world.ts'
import { body, callPath, oddBooks, tokensFrom } from './world.ts'

const [, , calls = '100000', rounds = '10'] = process.argv

await using stack = new AsyncDisposableStack()
const { settings } = await startWorld(stack)

const withLedger = (called: string): PartySettings => ({
  ...settings,
  auditFolder: mkdtempSync(join(settings.folder, `${called}-`)),
})
const started = async (called: string): Promise<Party> => {
  const party = await startProxy(called, withLedger(called))
  stack.defer(party.stop)
  return party
}

const [, book = ''] = /managedEBooks\/([^/]+)/.exec(callPath) ?? []

/** What is asked while it ages: a call, of which each tenth gets an odd answer, and one that is refused, in one of four ways. */
const asked = (tokens: ReadonlyArray<string>, count: number) => {
  const authorization = `Bearer ${tokens[count % tokens.length] ?? ''}`
  const aBook = randomUUID()
  const json = { authorization, 'content-type': 'application/json' }
  const to = (id: string): string => callPath.replace(book, id)
  const path = to(aBook)
  return [
    { path: count % 10 === 0 ? to(oddBooks + aBook.slice(oddBooks.length)) : path, headers: json, body },
    [
      { path, headers: { ...json, authorization: `Bearer ${randomUUID()}` }, body },
      { path: `${path}/${randomUUID()}`, headers: json, body },
      { path, headers: json, body: body.replace('{', `{"${randomUUID()}":1,`) },
      { path, headers: { ...json, 'content-type': 'text/plain' }, body },
    ][count % 4] ?? { path, headers: json, body },
  ]
}

const age = async (party: Party, tokens: ReadonlyArray<string>, most: number): Promise<ReadonlyMap<number, number>> => {
  const statuses = new Map<number, number>()
  const pool = new Pool(party.url, { connections: 64 })
  let count = 0
  const ask = async (): Promise<void> => {
    while (count < most) {
      for (const request of asked(tokens, count++)) {
        const answer = await pool.request({ method: 'POST', ...request })
        await answer.body.dump()
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
      }
    }
  }
  await Promise.all(Array.from({ length: 64 }, ask))
  await pool.close()
  return statuses
}

const { load } = chosenLoad(settings.folder)
const few = tokensFrom(settings.identityProvider, 50)
const aged = await started('aged')
const fresh = await started('fresh')
const statuses = await age(aged, tokensFrom(settings.identityProvider, 20_000), Number(calls))
process.stdout.write(`asked before, by status: ${JSON.stringify(Object.fromEntries(statuses))}\n`)

await compareCosts(aged, fresh, { load, tokens: few, rounds: Number(rounds) })
