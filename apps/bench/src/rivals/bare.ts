// Express with a proxy, and no duty done.
import { Agent, createServer } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { surroundings } from '../world.ts'
import { sayWhere } from './say-where.ts'

const { upstream, upstreamToken } = surroundings()
const app = express()
app.use(
  createProxyMiddleware({
    target: upstream,
    agent: new Agent({ keepAlive: true, maxSockets: 64 }),
    headers: { authorization: `Bearer ${upstreamToken}` },
  }),
)
sayWhere(createServer(app))
