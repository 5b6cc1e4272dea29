import type { Send } from '../../src/exchange/http-exchange.js'
import type { GraphDouble } from '../../src/index.js'

/** Asks a Graph double in this process. */
export const sendToDouble =
  ({ answer }: GraphDouble): Send =>
  async ({ body, headers, method, path }) => {
    const bytes = method === 'GET' ? null : new TextEncoder().encode(body)
    const response = await answer(
      new Request(`https://graph.microsoft.com${path}`, { method, headers, body: bytes }),
      path,
    )
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  }
