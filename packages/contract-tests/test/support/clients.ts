import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { operationNamed } from '@device-install-state/model/operations'
import { readAnswer } from '@device-install-state/model/client'
import { ManagedEBookId, UserInstallStateSummaryId } from '@device-install-state/model'
import type { ContractCall, ContractClient } from '../../src/client/index.js'

export const pathOf = ({ managedEBookId, operation, userInstallStateSummaryId, version }: ContractCall): string => {
  if (!ManagedEBookId.is(managedEBookId) || !UserInstallStateSummaryId.is(userInstallStateSummaryId)) {
    throw new TypeError('these are no ids')
  }
  return operationNamed(operation).print(version, { managedEBookId, userInstallStateSummaryId })
}

/** What is sent, and what is made of the answer: a client that means well, to be changed in one place. */
export interface Parts {
  readonly path: (call: ContractCall) => string
  readonly headers: (call: ContractCall) => Readonly<Record<string, string>>
  readonly body: (call: ContractCall) => string
  readonly method: string
  readonly redirect: 'error' | 'follow' | 'manual'
  readonly send: (url: string, init: RequestInit) => Promise<Response>
  readonly read: (response: Response) => Promise<unknown>
}

const parts: Parts = {
  path: pathOf,
  headers: ({ token }) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }),
  body: ({ state }) => JSON.stringify(state),
  method: 'POST',
  redirect: 'error',
  send: fetch,
  read: readAnswer,
}

export const clientOf = (change: Partial<Parts> = {}): ContractClient => {
  const { body, headers, method, path, read, redirect, send } = { ...parts, ...change }
  return {
    create: async (call) => {
      const url = `${call.baseUrl}${path(call)}`
      return read(await send(url, { method, headers: headers(call), body: body(call), redirect }))
    },
  }
}

/** With Node's own client, and no library. */
export const nodeHttpClient: ContractClient = {
  create: (call) =>
    new Promise((resolve, reject) => {
      const sent = request(`${call.baseUrl}${pathOf(call)}/`, {
        method: 'POST',
        headers: { authorization: `bearer ${call.token}`, 'content-type': 'application/json; charset=utf-8' },
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        text(response).then((body) => {
          if (response.statusCode === 201) resolve(JSON.parse(body))
          else reject(new Error(`status ${String(response.statusCode)}`))
        }, reject)
      })
      sent.end(JSON.stringify(call.state))
    }),
}
