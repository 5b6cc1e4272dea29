import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import type { Config } from '../../config/index.js'
import { wordsOfFault } from '../../forward/entra-error.js'
import { connectorOf } from '../../open-graph.js'
import { type Finding, type Findings, findingOfTimes } from './finding.js'
import { whatToDo } from './what-to-do.js'

const findingOf = (socket: Socket | null, about: string, way: string, now: Date): Finding => {
  if (!(socket instanceof TLSSocket))
    return { check: 'graph', result: 'warn', about, what: `it is reached ${way}, and not encrypted` }
  const certificate = socket.getPeerX509Certificate()
  const { until, ...finding } = findingOfTimes(
    'graph',
    about,
    {
      notBefore: certificate?.validFromDate ?? now,
      notAfter: certificate?.validToDate ?? now,
    },
    now,
  )
  // What Graph's certificate says is for Microsoft to renew.
  const { check, result } = finding
  return {
    check,
    about,
    result,
    what: `it is reached ${way}, with ${socket.getProtocol() ?? 'TLS'}; its certificate is ${until}`,
  }
}

/** Connects to Graph as a call would, and says nothing: not a byte of HTTP. */
export const checkGraph = async (upstream: Config['upstream'], now: Date): Promise<Findings> => {
  const { host, hostname, port, protocol } = new URL(upstream.graphUrl)
  const way = upstream.proxy === undefined ? 'directly' : 'with HTTPS_PROXY set'
  try {
    const socket = await promisify(connectorOf(upstream))({ hostname, port, protocol })
    try {
      return [findingOf(socket, host, way, now)]
    } finally {
      // In order, so that the other end sees no fault.
      socket?.destroySoon()
    }
  } catch (fault) {
    const words = wordsOfFault(fault)
    return [
      {
        check: 'graph',
        result: 'fail',
        about: host,
        what: `it cannot be reached ${way}: ${words}`,
        ...whatToDo(words),
      },
    ]
  }
}
