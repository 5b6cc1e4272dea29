import { connect } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { type Script, type ScriptedServer, scriptedServer } from './scripted-server.js'

/** An HTTP proxy that makes tunnels (CONNECT), whatever they are to, to one port of this machine. */
export interface ForwardProxy extends ScriptedServer {
  /** Lets it answer in another way from now on; undefined: as a proxy should. */
  readonly answerWith: (script: Script | undefined) => void
  /** The heads of the requests that it got, in order. */
  readonly heads: ReadonlyArray<string>
}

const tunnelTo =
  (port: number): Script =>
  (socket) => {
    const inner = connect(port, '127.0.0.1')
    const both = [socket, inner]
    for (const end of both) {
      end.on('error', () => both.forEach((each) => each.destroy()))
      end.on('close', () => both.forEach((each) => each.destroy()))
    }
    socket.removeAllListeners('data')
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    socket.pipe(inner).pipe(socket)
  }

export const aForwardProxy = async (portBehind: number, tls?: TlsOptions): Promise<ForwardProxy> => {
  const heads: Array<string> = []
  const good = tunnelTo(portBehind)
  let script = good
  const server = await scriptedServer(
    (socket, request) => {
      heads.push(request)
      script(socket, request)
    },
    () => undefined,
    tls,
  )
  return {
    ...server,
    heads,
    answerWith: (next) => {
      script = next ?? good
    },
  }
}
