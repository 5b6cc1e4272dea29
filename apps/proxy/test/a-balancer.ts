import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** What a balancer sends connections to, and asks whether it may. */
interface Target {
  readonly port: number
  readonly readiness: () => Promise<number>
}

/**
 * The least that can stand in front of replicas: each new connection goes to the next one that was ready when it was last asked. It
 * knows neither HTTP nor sessions, and tries nothing twice.
 */
export interface Balancer {
  readonly port: number
  /** Done when it is in rotation. */
  readonly add: (target: Target) => Promise<void>
  /** Is new work sent to it? */
  readonly sendsTo: (target: Target) => boolean
  /** How many connections it was given so far. */
  readonly given: (target: Target) => number
  /** How many of them are open. */
  readonly open: (target: Target) => number
  /** Asks it no more: it stays in rotation until it is taken out. */
  readonly trust: (target: Target) => void
  readonly takeOut: (target: Target) => void
  readonly stop: () => Promise<void>
}

interface Known {
  isIn: boolean
  isAsked: boolean
  given: number
  readonly open: Set<Socket>
}

const askEveryInMs = 100

export const aBalancer = async (): Promise<Balancer> => {
  const targets = new Map<Target, Known>()
  const stateOf = (target: Target): Known => {
    const known = targets.get(target) ?? { isIn: false, isAsked: true, given: 0, open: new Set() }
    targets.set(target, known)
    return known
  }
  let turn = 0
  let isOver = false

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const inRotation = [...targets].filter(([, { isIn }]) => isIn)
    const [target, known] = inRotation[turn++ % inRotation.length] ?? []
    if (target === undefined || known === undefined) {
      client.destroy()
      return
    }
    const upstream = connect({ port: target.port, host: '127.0.0.1', allowHalfOpen: true })
    known.given++
    known.open.add(upstream)
    upstream.on('close', () => known.open.delete(upstream))
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.pipe(upstream).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  const ask = async (target: Target): Promise<void> => {
    const known = stateOf(target)
    while (!isOver && known.isAsked) {
      const isReady = (await target.readiness().catch(() => 0)) === 200
      if (known.isAsked) known.isIn = isReady
      await setTimeout(askEveryInMs)
    }
  }

  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    add: async (target) => {
      void ask(target)
      while (!stateOf(target).isIn) await setTimeout(2)
    },
    sendsTo: (target) => stateOf(target).isIn,
    given: (target) => stateOf(target).given,
    open: (target) => stateOf(target).open.size,
    trust: (target) => {
      stateOf(target).isAsked = false
    },
    takeOut: (target) => {
      Object.assign(stateOf(target), { isAsked: false, isIn: false })
    },
    stop: async () => {
      isOver = true
      for (const { open } of targets.values()) for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
