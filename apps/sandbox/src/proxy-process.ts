import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as after } from 'node:timers/promises'
import { parseJson, valueAt } from './json.js'
import { proxyPrograms } from './proxy-programs.js'

export interface ProxyExit {
  /** Null if a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A proxy in a process of its own, started as in production. */
export interface ProxyProcess {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number | undefined
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<ProxyExit>
  /** The last lines of its log. */
  readonly logTail: () => string
  readonly kill: (signal: NodeJS.Signals) => void
  /** Asks it to stop; after 10 s it is made to. Once it is done the process is gone; to stop twice is harmless. */
  readonly stop: () => Promise<ProxyExit>
}

export interface ProxyProcessOptions {
  /** The whole of it: nothing of our own environment gets there. */
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
  readonly onLogLine?: ((line: string) => void) | undefined
  /** Gives up the start. It has no effect afterwards. */
  readonly signal: AbortSignal
}

const startWithinInMs = 30_000
const stopWithinInMs = 10_000
const linesInTail = 20

/** Starts the proxy and waits until it is ready. Rejects, with its last words, when it is not; then it is gone. */
export const startProxyProcess = async (options: ProxyProcessOptions): Promise<ProxyProcess> => {
  const { environment, logFile, signal } = options
  signal.throwIfAborted()
  const child = spawn(process.execPath, [proxyPrograms.main], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const file = createWriteStream(logFile, { flags: 'a' })
  const exited = new Promise<ProxyExit>((resolve) => {
    child.once('close', (code, endedBy) => file.end(() => resolve({ code, signal: endedBy })))
  })
  const tail: Array<string> = []
  const logTail = (): string => tail.join('\n')
  const listening = new Promise<Urls>((resolve) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        tail.push(line)
        tail.splice(0, tail.length - linesInTail)
        file.write(`${line}\n`)
        options.onLogLine?.(line)
        const urls = urlsIn(parseJson(line))
        if (urls !== undefined) resolve(urls)
      })
    }
  })
  const stop = async (): Promise<ProxyExit> => {
    const force = setTimeout(() => child.kill('SIGKILL'), stopWithinInMs)
    child.kill('SIGTERM')
    const exit = await exited
    clearTimeout(force)
    return exit
  }

  try {
    const ended = exited.then((exit) => fail(`The proxy did not start: ${wordsOfExit(exit)}. Its log:\n${logTail()}`))
    const late = after(startWithinInMs, undefined, { signal, ref: false }).then(() =>
      fail(`The proxy took too long to start. Its log:\n${logTail()}`),
    )
    const urls = await Promise.race([listening, ended, late])
    await Promise.race([untilReady(urls.adminUrl, signal), ended])
    return { ...urls, pid: child.pid, exited, logTail, kill: (name) => void child.kill(name), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const fail = (message: string): never => {
  throw new Error(message)
}

/** How a process ended, in words. */
export const wordsOfExit = ({ code, signal }: ProxyExit): string => signal ?? `exit code ${String(code)}`

type Urls = Pick<ProxyProcess, 'url' | 'adminUrl'>

/** The line of the log that says where the proxy listens. */
const urlsIn = (line: unknown): Urls | undefined => {
  const [url, adminUrl] = [valueAt(line, 'url'), valueAt(line, 'adminUrl')]
  const isIt = valueAt(line, 'msg') === 'listening' && typeof url === 'string' && typeof adminUrl === 'string'
  return isIt ? { url, adminUrl } : undefined
}

const untilReady = async (adminUrl: string, signal: AbortSignal): Promise<void> => {
  const endsAtInMs = performance.now() + startWithinInMs
  for (;;) {
    const response = await fetch(`${adminUrl}/readyz`, { signal })
    const text = await response.text()
    if (response.status === 200) return
    if (performance.now() > endsAtInMs) fail(`The proxy is up, but not ready. It says: ${text}`)
    await after(50, undefined, { signal })
  }
}
