import { renameSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { instruments, prometheusName } from '../src/telemetry/instruments.js'
import { aCollector } from './a-collector.js'
import { aRunningProxy, creates, present, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'
import { httpResponse } from './scripted-server.js'
import { until } from './until.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const samplesIn = (page: string): ReadonlyArray<Sample> =>
  page
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', figure = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [key, value])
      return { name, labels: Object.fromEntries(pairs), value: Number(figure) }
    })

const metricsOf = async ({ adminUrl }: TestWorld): Promise<ReadonlyArray<Sample>> => {
  const response = await fetch(`${adminUrl}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return samplesIn(await response.text())
}

const valueOf = (samples: ReadonlyArray<Sample>, name: string, labels: Sample['labels'] = {}): number | undefined =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value

const ours = (name: string): string => `device_install_state_${name}`
const route = '/beta/deviceAppManagement/managedEBooks/{managedEBookId}/deviceStates'

describe('the figures of a proxy', () => {
  it('tell how requests ended, and how long they took', async () => {
    world = await aRunningProxy()
    const token = await world.token()
    const key = 'Idempotency-Key: a-key'
    await rawExchange(world.port, requestText({ authorization: `Bearer ${token}`, more: [key] }))
    await rawExchange(world.port, requestText({ authorization: `Bearer ${token}`, more: [key] }))
    await rawExchange(
      world.port,
      requestText({ authorization: `Bearer ${token}`, more: ['Prefer: handling=validate-only'] }),
    )
    await rawExchange(world.port, requestText())
    await rawExchange(world.port, 'GARBAGE\r\n\r\n')
    world.scriptGraph((socket) => socket.write(httpResponse('400 Bad Request', {}, '{"error":{"code":"BadRequest"}}')))
    await present(world, token)
    world.scriptGraph((socket) => socket.destroy())
    await present(world, token)
    const told = await metricsOf(world)

    expect(valueOf(told, ours('outcomes_total'), { outcome: 'applied' })).toBe(1)
    expect(valueOf(told, ours('outcomes_total'), { outcome: 'refused' })).toBe(1)
    expect(valueOf(told, ours('outcomes_total'), { outcome: 'indeterminate' })).toBe(1)
    expect(valueOf(told, ours('outcomes_total'), { outcome: 'notSent' })).toBe(0)
    expect(valueOf(told, ours('replays_total'))).toBe(1)
    expect(valueOf(told, ours('validations_total'))).toBe(1)
    expect(valueOf(told, ours('refusals_total'), { code: 'tokenMissing' })).toBe(1)
    expect(valueOf(told, ours('refusals_total'), { code: 'malformedRequest' })).toBe(1)
    const requests = 'http_server_request_duration_seconds_count'
    expect(
      valueOf(told, requests, {
        http_request_method: 'POST',
        http_route: route,
        http_response_status_code: '502',
        error_type: 'upstreamError',
      }),
    ).toBe(1)
    // Created, told again, and what would be sent.
    expect(valueOf(told, requests, { http_route: route, http_response_status_code: '201' })).toBe(2)
    expect(valueOf(told, requests, { http_route: route, http_response_status_code: '200' })).toBe(1)
    expect(
      valueOf(told, 'http_client_request_duration_seconds_count', {
        server_port: new URL(world.graph.url).port,
        http_response_status_code: '400',
      }),
    ).toBe(1)
    expect(valueOf(told, 'http_client_request_duration_seconds_count', { error_type: 'upstreamError' })).toBe(1)
    expect(valueOf(told, ours('audit_records_total'), { kind: 'intent' })).toBe(3)
    expect(valueOf(told, ours('audit_unsettled'))).toBe(0)
    expect(valueOf(told, ours('upstream_token_acquisitions_total'), { identity: 'gateway', result: 'acquired' })).toBe(
      1,
    )
    expect(valueOf(told, ours('issuer_keys_age_seconds'))).toBeGreaterThan(0)
    expect(valueOf(told, ours('ready'), { check: 'auditLedger' })).toBe(1)
    expect(valueOf(told, 'process_cpu_time_seconds_total', { cpu_mode: 'user' })).toBeGreaterThan(0)
  })

  it('tell of calls under way, of throttling, and of differences', async () => {
    world = await aRunningProxy()
    const token = await world.token()
    let release = (): void => undefined
    const isHeld = new Promise<void>((resolve) => {
      world?.scriptGraph((socket, request) => {
        release = () => creates(socket, request)
        resolve()
      })
    })
    const call = present(world, token)
    await isHeld
    const meanwhile = await metricsOf(world)
    release()
    await call

    expect(valueOf(meanwhile, 'http_server_active_requests')).toBe(1)
    expect(valueOf(meanwhile, 'http_client_active_requests')).toBe(1)
    expect(valueOf(meanwhile, ours('audit_unsettled'))).toBe(1)

    const body = JSON.stringify({
      ...JSON.parse(requestText().split('\r\n\r\n')[1] ?? ''),
      id: 'x',
      somethingNew: 1,
    })
    world.scriptGraph((socket) => {
      world?.scriptGraph((again) =>
        again.write(httpResponse('201 Created', { 'Content-Type': 'application/json' }, body)),
      )
      socket.write(httpResponse('429 Too Many Requests', { 'Retry-After': '0' }, '{}'))
    })
    const reply = await present(world, token)
    const after = await metricsOf(world)

    expect(reply.status).toBe(201)
    expect(valueOf(after, ours('graph_throttles_total'))).toBe(1)
    expect(valueOf(after, ours('graph_drift_total'))).toBeGreaterThan(0)
    expect(valueOf(after, 'http_client_active_requests')).toBe(0)
    expect(valueOf(after, ours('audit_unsettled'))).toBe(0)
  })

  it('tell that the ledger cannot be written', async () => {
    world = await aRunningProxy()
    const token = await world.token()
    const running = world
    const path = join(world.directory, 'audit.sqlite')
    renameSync(path, `${path}.away`)
    await until(async () => valueOf(await metricsOf(running), ours('ready'), { check: 'auditLedger' }) === 0)
    const reply = await present(world, token)
    const failing = await metricsOf(world)

    expect(reply.status).toBe(503)
    expect(valueOf(failing, ours('refusals_total'), { code: 'auditUnavailable' })).toBe(1)
    expect(valueOf(failing, ours('ready'), { check: 'running' })).toBe(1)
  })

  it('have the names and the labels that are documented, and no others, whatever is sent', async () => {
    world = await aRunningProxy()
    const { port, token: tokenOf } = world
    const token = await tokenOf()
    await present(world, token)
    const text = fc.string({
      minLength: 1,
      maxLength: 12,
      unit: fc.constantFrom('a', 'b', 'X', 'Y', '0', '-', '_', '.', '~'),
    })
    await fc.assert(
      fc.asyncProperty(text, text, text, fc.boolean(), async (method, path, value, isProved) => {
        await rawExchange(
          port,
          requestText({
            method,
            target: `/${path}`,
            authorization: isProved ? `Bearer ${token}` : value,
            contentType: value,
            more: [`X-${path}: ${value}`, `client-request-id: ${value}`, `traceparent: ${value}`],
          }),
        )
      }),
      { numRuns: 60 },
    )
    const told = await metricsOf(world)
    const known = new Map<string, ReadonlySet<string>>()
    for (const instrument of Object.values(instruments)) {
      const labels = new Set(instrument.attributes.map((name) => name.replaceAll('.', '_')))
      const name = prometheusName(instrument)
      if (instrument.kind === 'histogram')
        for (const part of ['_bucket', '_count', '_sum']) known.set(`${name}${part}`, new Set([...labels, 'le']))
      else known.set(name, labels)
    }
    const strangers = told.filter(
      ({ labels, name }) =>
        name !== 'target_info' && Object.keys(labels).some((label) => known.get(name)?.has(label) !== true),
    )
    const methods = new Set(told.flatMap(({ labels }) => labels['http_request_method'] ?? []))
    const routes = new Set(told.flatMap(({ labels }) => labels['http_route'] ?? []))

    expect(strangers).toEqual([])
    expect(told.filter(({ name }) => name !== 'target_info' && !known.has(name))).toEqual([])
    expect([...methods].toSorted()).toEqual(['GET', 'POST', '_OTHER'].filter((method) => methods.has(method)))
    expect([...routes]).toEqual([route])
    expect(told.length).toBeLessThan(400)
  })

  it('have no more series for what Graph makes up', async () => {
    world = await aRunningProxy()
    const token = await world.token()
    for (const status of [612, 733, 999]) {
      world.scriptGraph((socket) => socket.write(httpResponse(`${String(status)} Odd`, {}, '{}')))
      await present(world, token)
    }
    const told = await metricsOf(world)

    expect(
      told.filter(
        ({ labels, name }) =>
          name === 'http_client_request_duration_seconds_count' && labels['server_port'] === String(world?.graph.port),
      ),
    ).toMatchObject([{ labels: { http_response_status_code: '_OTHER' }, value: 3 }])
  })
})

describe('a collector', () => {
  it('is sent the same figures, at the latest when the proxy ends', async () => {
    await using kept = new AsyncDisposableStack()
    const collector = await aCollector()
    kept.defer(collector.stop)
    world = await aRunningProxy({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a-secret',
      OTEL_SERVICE_NAME: 'install-states',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20bed',
      OTEL_TRACES_SAMPLER: 'always_off',
    })
    await present(world, await world.token())
    await world.stopProxy()
    const sent = collector.exports.filter(({ path }) => path === '/v1/metrics')
    const text = sent.map(({ body }) => body.toString('latin1')).join('')

    expect(sent[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      authorization: 'Bearer a-secret',
    })
    for (const said of ['http.server.request.duration', 'device_install_state.outcomes', 'applied', 'install-states'])
      expect(text).toContain(said)
    expect(text).toContain('test bed')
    expect(JSON.stringify(world.logged)).not.toContain('a-secret')
  })

  it('that is away costs nothing but its figures', async () => {
    world = await aRunningProxy({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })

    expect(await present(world, await world.token())).toMatchObject({ status: 201 })
    expect(await world.stopProxy()).toBe('finished')
  })
})
