import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

/** strace, attached to a process, which meddles with its system calls until it is taken away. */
export interface Tracer {
  readonly detach: () => Promise<void>
}

const attachOnce = (args: ReadonlyArray<string>): Promise<Tracer | undefined> => {
  const child = spawn('strace', ['-f', '-o', '/dev/null', ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  return new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (/attached/.test(line))
        resolve({
          detach: async () => {
            child.kill('SIGINT')
            await exited
          },
        })
    })
    void exited.then(() => resolve(undefined))
  })
}

/**
 * `what` is as strace has it: `fsync:error=EIO:when=3`. Of the calls on these files alone, counted from now on. Rejects when
 * it cannot attach.
 */
export const attachTracer = async (pid: number, what: string, files: ReadonlyArray<string>): Promise<Tracer> => {
  const [call = ''] = what.split(':')
  const paths = files.flatMap((file) => ['-P', file])
  const tracer = await attachOnce(['-e', `trace=${call}`, '-e', `inject=${what}`, ...paths, '-p', String(pid)])
  if (tracer === undefined) throw new Error('strace could not attach')
  return tracer
}

/** Whether strace is there and may trace. */
export const mayTrace = ((): boolean => {
  const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const { status } = spawnSync(
    'timeout',
    ['--signal=INT', '1', 'strace', '-o', '/dev/null', '-p', String(sleeper.pid)],
    {
      stdio: 'ignore',
    },
  )
  sleeper.kill('SIGKILL')
  // 124: it was still tracing when its time was up.
  return status === 124
})()
