import type { RequestListener } from 'node:http'
import { Conversations } from './conversations.js'
import {
  closeServer,
  type HttpLimits,
  listen,
  nodeHttpServer,
  type RefuseConnection,
  renewTls,
  type ServerTls,
  type Where,
} from './node-http-server.js'

/** The admin port: open before anything else is, so that what it answers changes as the process gets on. */
export interface AdminPort {
  readonly url: string
  readonly conversations: Conversations
  /** From the next request on. */
  readonly answerBy: (listener: RequestListener) => void
  readonly renewTls: (tls: ServerTls) => void
  readonly close: () => Promise<void>
}

/** Of those who watch there are few, and they ask little. What a connection asks ahead of time is in memory at once, some 3 MB at most. */
const mostConnections = 64
const mostRequestsPerConnection = 100

interface AdminPortOptions {
  readonly where: Where
  readonly limits: HttpLimits
  readonly tls: ServerTls | undefined
  readonly refuse: RefuseConnection
  /** What is answered at first. */
  readonly first: (conversations: Conversations) => RequestListener
}

/** Rejects as `listen` does. */
export const openAdminPort = async ({ first, limits, refuse, tls, where }: AdminPortOptions): Promise<AdminPort> => {
  const conversations = new Conversations(mostRequestsPerConnection)
  let answer = first(conversations)
  const server = nodeHttpServer((request, response) => answer(request, response), conversations, refuse, {
    limits: { ...limits, mostRequestsPerConnection },
    mostConnections,
    tls,
  })
  return {
    url: await listen(server, where),
    conversations,
    answerBy: (listener) => {
      answer = listener
    },
    renewTls: (renewed) => renewTls(server, renewed),
    close: () => closeServer(server, conversations),
  }
}
