import type { Socket } from 'node:net'
import type { Exchange } from './conversations.js'

/**
 * Answers the requests of a connection one after the other, each when the reply before it is out. Node hands over at once all that a
 * client asks ahead of time, keeps the replies, and of those whose turn never comes, since the client is gone, it never says that
 * they are over: what was opened for them would stay open.
 */
export const oneAtATime = (answer: (exchange: Exchange) => void): ((exchange: Exchange) => void) => {
  const latest = new WeakMap<Socket, Promise<void>>()
  return (exchange) => {
    const { request, response } = exchange
    const { socket } = request
    const before = latest.get(socket)
    latest.set(socket, new Promise((resolve) => void response.once('close', () => resolve())))
    if (before === undefined) answer(exchange)
    else
      void before.then(() =>
        // In a later turn, so that others get theirs.
        setImmediate(() => {
          if (!socket.destroyed) answer(exchange)
        }),
      )
  }
}
