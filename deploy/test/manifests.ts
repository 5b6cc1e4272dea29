import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
import { loadAll } from 'js-yaml'
// One by one: all of a group at once take a second to load.
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Pod } from 'kubernetes-models/v1/Pod'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import { fileAt } from './the-metrics.js'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
}

/** Each kind that we have, with its published schema. */
const models = {
  'apps/v1 Deployment': Deployment,
  'apps/v1 StatefulSet': StatefulSet,
  'monitoring.coreos.com/v1 ServiceMonitor': ServiceMonitor,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Pod': Pod,
  'v1 Service': Service,
  'v1 ServiceAccount': ServiceAccount,
}

const isKnown = (name: string): name is keyof typeof models => Object.hasOwn(models, name)

/** A value that notes down which of its properties are looked at, all the way down. */
const watched = (value: unknown, path: string, seen: Set<string>): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : new Proxy(value, {
        get: (target, key) => {
          const child: unknown = Reflect.get(target, key)
          if (typeof key !== 'string' || !Object.hasOwn(target, key)) return child
          seen.add(`${path}/${key}`)
          return watched(child, `${path}/${key}`, seen)
        },
      })

const pathsIn = (value: unknown, path = ''): ReadonlyArray<string> =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, child]) => [`${path}/${key}`, ...pathsIn(child, `${path}/${key}`)])

/**
 * What is wrong with a manifest by the schema of its kind. The schemas leave open what else may be there, and the API server drops
 * it without a word; but a validator looks at every property that its schema has, so what it did not look at is none.
 */
export const problemsOf = (manifest: Manifest): ReadonlyArray<string> => {
  const name = `${manifest.apiVersion} ${manifest.kind}`
  if (!isKnown(name)) return [`no schema is known for ${name}`]
  const seen = new Set<string>()
  const problems: Array<string> = []
  try {
    models[name].prototype.validate.call(watched(manifest, '', seen))
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error))
  }
  return [...problems, ...pathsIn(manifest).flatMap((path) => (seen.has(path) ? [] : [`${path} is no property`]))]
}

const manifestsIn = (path: string): ReadonlyArray<Manifest> => loadAll(fileAt(path)) as ReadonlyArray<Manifest>

/** What kustomize makes of an overlay, as it is checked in. */
export const rendered = (overlay: string): ReadonlyArray<Manifest> =>
  manifestsIn(`deploy/kubernetes/rendered/${overlay}.yaml`)

/** The one that is applied by hand. */
export const ledgerReader = manifestsIn('deploy/kubernetes/ledger-reader.yaml') as readonly [PodManifest]

interface PodManifest extends Manifest {
  readonly spec: Pick<Workload['spec']['template']['spec'], 'containers' | 'securityContext'> & {
    readonly volumes: ReadonlyArray<{ readonly persistentVolumeClaim: { readonly claimName: string } }>
  }
}

interface HttpProbe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}

interface Container {
  readonly image: string
  readonly env: ReadonlyArray<{ readonly name: string; readonly value?: string }>
  readonly envFrom: ReadonlyArray<{ readonly configMapRef: { readonly name: string } }>
  readonly ports: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>
  readonly volumeMounts: ReadonlyArray<{
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
  }>
  readonly livenessProbe: HttpProbe
  readonly readinessProbe: HttpProbe
  readonly startupProbe: HttpProbe
  readonly securityContext: object
}

export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas: number
    readonly strategy?: { readonly rollingUpdate: { readonly maxSurge: number; readonly maxUnavailable: number } }
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly volumeClaimTemplates?: ReadonlyArray<{ readonly metadata: { readonly name: string } }>
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: {
        readonly containers: readonly [Container]
        readonly volumes: ReadonlyArray<{ readonly name: string; readonly secret: { readonly secretName: string } }>
        readonly securityContext: { readonly fsGroupChangePolicy: string }
        readonly automountServiceAccountToken: boolean
        readonly enableServiceLinks: boolean
        readonly terminationGracePeriodSeconds: number
      }
    }
  }
}

type Labels = Readonly<Record<string, string>>

interface Selecting extends Manifest {
  readonly spec: { readonly selector: { readonly matchLabels: Labels } }
}

interface Rule {
  readonly ports: ReadonlyArray<{ readonly port: number }>
  readonly from?: ReadonlyArray<{ readonly podSelector?: { readonly matchLabels: Labels } }>
}

/** As far as tests look at them. */
interface Kinds {
  readonly StatefulSet: Workload
  readonly Deployment: Workload
  readonly ConfigMap: Manifest & { readonly data: Readonly<Record<string, string>> }
  readonly PodDisruptionBudget: Selecting
  readonly Service: Manifest & {
    readonly spec: {
      readonly selector: Labels
      readonly ports: ReadonlyArray<{ readonly name: string; readonly port: number; readonly targetPort: string }>
    }
  }
  readonly NetworkPolicy: Manifest & {
    readonly spec: {
      readonly podSelector: { readonly matchLabels: Labels }
      readonly ingress: ReadonlyArray<Rule>
      readonly egress: ReadonlyArray<Rule>
    }
  }
  readonly ServiceMonitor: Manifest & {
    readonly spec: Selecting['spec'] & {
      readonly jobLabel: string
      readonly endpoints: ReadonlyArray<{ readonly port: string; readonly path: string }>
    }
  }
}

/** All of this kind, under whatever names. */
export const allOf = <Kind extends keyof Kinds>(
  manifests: ReadonlyArray<Manifest>,
  kind: Kind,
): ReadonlyArray<Kinds[Kind]> => manifests.filter((manifest): manifest is Kinds[Kind] => manifest.kind === kind)

export const theOne = <Kind extends keyof Kinds>(manifests: ReadonlyArray<Manifest>, kind: Kind): Kinds[Kind] => {
  const [found, ...more] = allOf(manifests, kind)
  if (found === undefined || more.length > 0) throw new Error(`not one ${kind}`)
  return found
}

/** The StatefulSet or the Deployment. */
export const workloadIn = (manifests: ReadonlyArray<Manifest>): Workload =>
  theOne(manifests, manifests.some(({ kind }) => kind === 'Deployment') ? 'Deployment' : 'StatefulSet')

/** The variables of the container, as the kubelet would set them. */
export const environmentOf = (manifests: ReadonlyArray<Manifest>): Readonly<Record<string, string>> => {
  const { env, envFrom } = workloadIn(manifests).spec.template.spec.containers[0]
  const map = theOne(manifests, 'ConfigMap')
  if (envFrom.length !== 1 || envFrom[0]?.configMapRef.name !== map.metadata.name) throw new Error('another ConfigMap')
  return {
    ...map.data,
    ...Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
  }
}
