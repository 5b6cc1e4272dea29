import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeConfig } from '../../apps/proxy/src/config/index.js'
import { allOf, environmentOf, ledgerReader, type Manifest, rendered, theOne, workloadIn } from './manifests.js'
import { problemsOf } from './schemas.js'
import { fileAt } from './the-metrics.js'
import { skippedAloud } from './skipped-aloud.js'
import { pathsOfAdminPort, secondsToStop, variablesOfProxy } from './the-proxy.js'

type Labels = Readonly<Record<string, string>>

const overlays = ['single', 'fleet', 'single-workload-identity', 'fleet-workload-identity']
const all = overlays.flatMap((overlay) =>
  rendered(overlay).map((manifest) => ({ what: `${overlay}: ${manifest.kind} ${manifest.metadata.name}`, manifest })),
)

const fits = (labels: Labels, selector: Labels): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => labels[name] === value)

/** The same with another value at a place. */
const changed = (value: unknown, [key = '', ...rest]: ReadonlyArray<string>, leaf: unknown): unknown => {
  const child = rest.length === 0 ? leaf : changed(Reflect.get(Object(value), key), rest, leaf)
  return Array.isArray(value) ? value.with(Number(key), child) : { ...Object(value), [key]: child }
}

describe('the schemas', () => {
  it.each<[what: string, place: string, value: unknown, problem: string]>([
    ['a misspelt property', '/spec/replcias', 1, '/spec/replcias is no property'],
    [
      'one deep down',
      '/spec/template/spec/containers/0/securityContext/readonlyRootFilesystem',
      true,
      '/spec/template/spec/containers/0/securityContext/readonlyRootFilesystem is no property',
    ],
    ['one at the top', '/specs', {}, '/specs is no property'],
    ['a text for a number', '/spec/replicas', 'one', 'must be integer'],
    ['a name that is missing', '/spec/template/spec/containers/0/name', undefined, 'required property name'],
    [
      'a policy that does not exist',
      '/spec/template/spec/containers/0/terminationMessagePolicy',
      'Fallback',
      'must be equal to one of the allowed values',
    ],
    ['a kind that nobody knows', '/kind', 'StatefullSet', 'no schema is known for apps/v1 StatefullSet'],
  ])('refuse %s', (_what, place, value, problem) => {
    const spoilt = changed(workloadIn(rendered('single')), place.split('/').slice(1), value) as Manifest

    expect(problemsOf(spoilt).join('\n')).toContain(problem)
  })
})

describe.skipIf(
  skippedAloud(spawnSync('kubectl', ['version', '--client']).status === 0, 'kustomize, which is in kubectl'),
)('what is rendered', () => {
  it('is what kustomize makes of the overlays', () => {
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, ['scripts/render.mjs', '--check'], { cwd, encoding: 'utf8' })

    expect([status, stderr]).toEqual([0, ''])
  })
})

describe.each(all)('$what', ({ manifest }) => {
  it('is as its published schema has it, and has nothing else', () => {
    expect(problemsOf(manifest)).toEqual([])
  })
})

describe.each(overlays)('%s', (overlay) => {
  const manifests = rendered(overlay)
  const workload = workloadIn(manifests)
  const pod = workload.spec.template.spec
  const [container] = pod.containers
  const environment = environmentOf(manifests)
  const { labels } = workload.spec.template.metadata

  it('sets variables that the proxy has, and no others', () => {
    expect(Object.keys(environment).filter((name) => !variablesOfProxy.has(name))).toEqual([])
  })

  it('exposes the ports that the proxy is told to listen on', () => {
    expect(container.ports).toEqual([
      { name: 'http', containerPort: Number(environment['PORT']) },
      { name: 'admin', containerPort: Number(environment['ADMIN_PORT']) },
    ])
  })

  it('probes what the admin port answers', () => {
    const { livenessProbe, readinessProbe, startupProbe } = container

    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual(
      ['/livez', '/livez', '/readyz'].map((path) => ({ path, port: 'admin' })),
    )
    expect([...pathsOfAdminPort]).toEqual(expect.arrayContaining(['/livez', '/readyz', '/metrics']))
  })

  it('notices that it is not ready while it still serves', () => {
    const { failureThreshold, periodSeconds } = container.readinessProbe

    expect(failureThreshold * periodSeconds * 1000).toBeLessThan(Number(environment['SHUTDOWN_DELAY_MS']))
  })

  it('lets it come to its end before it is killed', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(secondsToStop(environment))
  })

  it('is restricted, as the Pod Security Standards have it, and can write nowhere but to the ledger', () => {
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect([pod.automountServiceAccountToken, pod.enableServiceLinks]).toEqual([false, false])
    expect(
      container.volumeMounts.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath),
    ).toEqual(overlay.startsWith('single') ? ['/var/lib/device-install-state'] : [])
  })

  it('mounts what its files are in, and has each volume that it mounts', () => {
    const files = Object.values(environment).filter((value) => value.startsWith('/'))
    const volumes = [
      ...pod.volumes.map(({ name }) => name),
      ...(workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name),
    ]

    expect(
      files.filter((file) => !container.volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`))),
    ).toEqual([])
    expect(container.volumeMounts.map(({ name }) => name).toSorted()).toEqual(volumes.toSorted())
  })

  it('selects its pods, everywhere and nothing else', () => {
    const services = allOf(manifests, 'Service')
    const budgets = allOf(manifests, 'PodDisruptionBudget')
    const policy = theOne(manifests, 'NetworkPolicy')
    const selectors = [
      workload.spec.selector.matchLabels,
      ...services.map(({ spec }) => spec.selector),
      ...budgets.map(({ spec }) => spec.selector.matchLabels),
      policy.spec.podSelector.matchLabels,
    ]

    expect(selectors).toHaveLength(overlay.startsWith('fleet') ? 5 : 4)
    expect(selectors.filter((selector) => !fits(labels, selector))).toEqual([])
    expect(
      services.flatMap(({ spec }) => spec.ports.map(({ name, port, targetPort }) => [name, port, targetPort])),
    ).toEqual(container.ports.map(({ containerPort, name }) => [name, containerPort, name]))
  })

  it('lets in callers that say so and those who watch, and out what it needs', () => {
    const { egress, ingress } = theOne(manifests, 'NetworkPolicy').spec

    expect(ingress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([[8080], [8081]])
    expect(ingress[0]?.from?.[0]?.podSelector?.matchLabels).toEqual({ 'device-install-state/caller': 'true' })
    expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual(
      overlay.startsWith('fleet') ? [53, 53, 443, 5432] : [53, 53, 443],
    )
  })

  it('is scraped once for each pod, under the job that the alerts ask for', () => {
    const { endpoints, jobLabel, selector } = theOne(manifests, 'ServiceMonitor').spec
    const found = allOf(manifests, 'Service').filter(({ metadata }) => fits(metadata.labels, selector.matchLabels))

    expect(found).toHaveLength(1)
    expect(found[0]?.spec.ports.map(({ name }) => name)).toEqual(endpoints.map(({ port }) => port))
    expect(endpoints.map(({ path }) => path)).toEqual(['/metrics'])
    expect(fileAt('deploy/prometheus/alerts.yaml')).toContain(`up{job="${found[0]?.metadata.labels[jobLabel] ?? ''}"}`)
  })
})

describe('one gateway', () => {
  it('is one, and has its ledger on a disk that is claimed for it', () => {
    const { kind, spec } = workloadIn(rendered('single'))

    expect([kind, spec.replicas, spec.volumeClaimTemplates?.length]).toEqual(['StatefulSet', 1, 1])
  })
})

describe('the reader of a ledger whose gateway does not run', () => {
  const [pod] = ledgerReader

  it('is as its published schema has it, and has nothing else', () => {
    expect([ledgerReader.length, problemsOf(pod)]).toEqual([1, []])
  })

  it('reads the disk of the one gateway as the gateway does', () => {
    const { metadata, spec } = workloadIn(rendered('single'))
    const [container] = spec.template.spec.containers
    const [reader] = pod.spec.containers
    const claim = `${spec.volumeClaimTemplates?.[0]?.metadata.name ?? ''}-${metadata.name}-0`

    expect(pod.spec.volumes.map(({ persistentVolumeClaim }) => persistentVolumeClaim.claimName)).toEqual([claim])
    expect([reader.image, reader.securityContext]).toEqual([container.image, container.securityContext])
    expect(pod.spec.securityContext).toEqual(spec.template.spec.securityContext)
    expect(container.env).toEqual(expect.arrayContaining([...reader.env]))
    expect(container.volumeMounts).toEqual(expect.arrayContaining([...reader.volumeMounts]))
  })
})

describe('a fleet', () => {
  const manifests = rendered('fleet')
  const { kind, spec } = workloadIn(manifests)

  it('is never fewer while it is replaced, and has no disk', () => {
    expect([kind, spec.strategy?.rollingUpdate, spec.volumeClaimTemplates]).toEqual([
      'Deployment',
      { maxSurge: 1, maxUnavailable: 0 },
      undefined,
    ])
    expect(spec.replicas).toBeGreaterThan(1)
  })

  it('asks of Graph no more than it grants to all, one more replica included', () => {
    const [calls = 0, seconds = 0] = (environmentOf(manifests)['GRAPH_PACE'] ?? '').split(/\/|s/).map(Number)
    const atOnce = spec.replicas + (spec.strategy?.rollingUpdate.maxSurge ?? 0)

    expect(seconds).toBe(20)
    expect(calls * atOnce).toBeLessThanOrEqual(100)
    expect(calls * (atOnce + 1)).toBeGreaterThan(100)
  })
})

describe('workload identity', () => {
  it.each(['single', 'fleet'])('takes the secret away, and nothing else of %s', (overlay) => {
    const without = workloadIn(rendered(`${overlay}-workload-identity`)).spec.template
    const { template } = workloadIn(rendered(overlay)).spec

    expect(without.metadata.labels).toEqual({ ...template.metadata.labels, 'azure.workload.identity/use': 'true' })
    expect(without.spec.volumes).toEqual(template.spec.volumes.filter(({ name }) => name !== 'gateway'))
    expect(environmentOf(rendered(`${overlay}-workload-identity`))).toEqual(
      Object.fromEntries(
        Object.entries(environmentOf(rendered(overlay))).filter(([name]) => name !== 'AZURE_CLIENT_SECRET_FILE'),
      ),
    )
  })

  it.each(['single', 'fleet'])(
    'gives %s an environment that the proxy takes, with what the webhook adds',
    (overlay) => {
      const manifests = rendered(`${overlay}-workload-identity`)
      const decoded = decodeConfig({
        ...environmentOf(manifests),
        // What is in the files of a fleet.
        ...(overlay === 'fleet'
          ? { AUDIT_DATABASE_URL_FILE: '', AUDIT_DATABASE_URL: 'postgres://u:p@db.example.com/d' }
          : {}),
        AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/',
        AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
      })
      const fromSettings = workloadIn(manifests).spec.template.spec.containers[0].env.filter(
        ({ value }) => value === undefined,
      )

      expect(decoded).toMatchObject({
        _tag: 'Right',
        right: { upstream: { credential: { kind: 'workloadIdentity' } } },
      })
      // By name, or the webhook's own would go before them.
      expect(fromSettings.map(({ name }) => name)).toEqual(['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'])
    },
  )
})
