import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { requestMalformed } from '../domain/proxy-error.js'
import { Conversations } from './conversations.js'

const fault = requestMalformed('A fault.')

const aConnection = () => {
  const conversations = new Conversations()
  const socket = new Socket()
  conversations.open(socket)
  const ask = (complete: boolean) => {
    const request = new IncomingMessage(socket)
    request.httpVersion = '1.1'
    request.complete = complete
    return conversations.begin(request, new ServerResponse(request))
  }
  return { conversations, socket, ask }
}

describe('a connection on which a fault was judged', () => {
  it('is looked at no more: neither another fault nor a whole request that comes late', () => {
    const { ask, conversations, socket } = aConnection()

    expect(conversations.judge(socket, fault)).toBe('alone')
    expect(conversations.judge(socket, fault)).toBeUndefined()
    expect(ask(true)).toBeUndefined()
  })

  it('keeps what was asked before', () => {
    const { ask, conversations, socket } = aConnection()
    const first = ask(true)

    expect(first).toBeDefined()
    expect(conversations.judge(socket, fault)).toBe('afterOthers')
    expect(first?.response.getHeader('Connection')).toBe('close')
  })

  it('has the fault told to the request whose body was coming', () => {
    const { ask, conversations, socket } = aConnection()
    const first = ask(false)

    expect(conversations.judge(socket, fault)).toBe('answersItself')
    expect(first?.failure).toBe(fault)
  })
})

describe('a connection whose last reply is decided', () => {
  it('is looked at no more', () => {
    const { ask, conversations, socket } = aConnection()
    const first = ask(true)
    if (first !== undefined) conversations.endWith(first)

    expect(ask(true)).toBeUndefined()
    expect(conversations.judge(socket, fault)).toBeUndefined()
  })
})
