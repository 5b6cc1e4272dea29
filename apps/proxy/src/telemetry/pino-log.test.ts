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
