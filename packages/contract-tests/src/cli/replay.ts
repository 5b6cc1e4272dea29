import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { CouldNotRun } from '../could-not-run.js'
import { findInPair, readRecording, relevanceOf } from '../recorded/index.js'
import type { Result } from '../report/finding.js'
import type { CommandContext, ContractCommand } from './command.js'
import { WrongUsage } from './command.js'

const usage = `
usage: contract-tests replay FILE... [OPTIONS]

Holds recorded exchanges against the contract: what was sent, and what was answered. FILE is HAR 1.2, as browsers, Fiddler,
mitmproxy and Playwright write it, or JSON Lines, as graph-double --journal writes it:

  {"request":{"method":"POST","path":"/v1.0/…","headers":{},"body":"…"},"answer":{"status":201,"headers":{},"body":"…"}}

Looked at are the two creates, and what is read at their paths; all else is counted. Nothing of what a recording has of
people, and no token, is printed.

  --side gateway|graph  whose answers they are; graph unless you say otherwise
`

// What PowerShell writes with `>`.
const encodings: ReadonlyArray<readonly [mark: string, encoding: string]> = [
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
]

const textIn = (bytes: Buffer): string => {
  const mark = bytes.toString('hex', 0, 2)
  const [, encoding = 'utf-8'] = encodings.find(([one]) => one === mark) ?? []
  return new TextDecoder(encoding).decode(bytes)
}

const textOf = (file: string): Promise<string> =>
  readFile(file).then(textIn, (error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(error)
    throw new CouldNotRun(`${file} cannot be read: ${why}.`)
  })

const sideOf = ({ values }: CommandContext): 'gateway' | 'graph' => {
  const side = values['side'] ?? 'graph'
  if (side === 'gateway' || side === 'graph') return side
  throw new WrongUsage('--side is neither gateway nor graph. See "contract-tests replay --help".')
}

export const replayCommand: ContractCommand = {
  name: 'replay',
  summary: 'hold recorded exchanges (HAR, JSON Lines) against the contract',
  usage,
  options: { side: { type: 'string' } },
  run: async (context) => {
    const { positionals, tell } = context
    const side = sideOf(context)
    if (positionals.length === 0) throw new WrongUsage('Which file? See "contract-tests replay --help".')
    const startedAt = new Date()
    const results: Array<Result> = []
    let elsewhere = 0
    for (const file of positionals) {
      const group = basename(file)
      const pairs = readRecording(group, await textOf(file))
      let looked = 0
      for (const pair of pairs) {
        const relevance = relevanceOf(pair)
        if (relevance._tag === 'Elsewhere') {
          elsewhere++
          continue
        }
        looked++
        const begun = performance.now()
        const { method } = pair.request
        const name = `${pair.place}: ${method} ${relevance.operation.name} → ${String(pair.answer.status)}`
        const result = {
          group,
          name,
          findings: findInPair(side, relevance, pair),
          durationInMs: performance.now() - begun,
        }
        results.push(result)
        tell(result)
      }
      if (looked === 0) {
        throw new CouldNotRun(
          `${group} has no create among its ${String(pairs.length)} exchanges. Is it the right recording?`,
        )
      }
    }
    return {
      title: 'Recorded exchanges',
      subject: positionals.map((file) => basename(file)).join(', '),
      startedAt,
      durationInMs: Date.now() - startedAt.getTime(),
      results,
      notes: elsewhere === 0 ? [] : [`${String(elsewhere)} other exchanges were not looked at.`],
    }
  },
}
