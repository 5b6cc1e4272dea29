import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const log = fileURLToPath(new URL('../../dist/telemetry/pino-log.js', import.meta.url))
const lines = 2_000

/** A program that writes so many lines on both streams and ends as soon as it may. */
const program = `
  import { pinoLog } from ${JSON.stringify(log)}
  const log = pinoLog('info')
  for (let count = 0; count < ${String(lines)}; count++) {
    log.info('a line', { text: 'x'.repeat(200) })
    log.recordLost({ kind: 'outcome', auditId: String(count), at: '', outcome: 'applied' }, 'x'.repeat(200))
  }
  process.exit((await log.flush()) ? 0 : 1)`

describe('a process that ends in order', () => {
  it('has written every line of its log, above all the records that are nowhere else', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
    const written = [0, 0]
    for (const [index, stream] of [child.stdout, child.stderr].entries())
      stream
        .setEncoding('utf8')
        .on('data', (chunk: string) => (written[index] = (written[index] ?? 0) + chunk.split('\n').length - 1))
    const code = await new Promise((resolve) => child.once('close', resolve))

    expect([code, ...written]).toEqual([0, lines, lines])
  })
})

/** What a program writes to its log, line by line. */
const linesOf = async (statements: string): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  const source = `import { pinoLog } from ${JSON.stringify(log)}
    const log = pinoLog('info')
    ${statements}
    await log.flush()
    process.exit()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  const text = (await child.stdout.setEncoding('utf8').toArray()).join('')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('the line of a request', () => {
  it('has the fields that are chosen for it, and nothing else that comes along', async () => {
    const caller = { kind: 'user', tenantId: 't', appId: 'a', objectId: 'o', issuer: 'i', tokenId: 'u', keyId: 'k' }
    const entry = {
      auditId: 'id',
      traceId: 'trace',
      callerRequestId: 'mine',
      method: 'POST',
      route: '/beta/x',
      end: 'indeterminate',
      status: 502,
      code: 'upstreamError',
      reason: 'why',
      durationInMs: 1.5,
    }
    const more = { body: 'a body', authorization: 'Bearer x', path: '/beta/B1' }
    const [line] = await linesOf(
      `log.request(${JSON.stringify({ ...entry, caller: { ...caller, name: 'Ada' }, ...more })})`,
    )
    const { time, ...rest } = line ?? {}

    expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    expect(rest).toEqual({
      level: 40,
      msg: 'request',
      ...entry,
      caller: { kind: 'user', tenantId: 't', appId: 'a', objectId: 'o' },
    })
  })
})
