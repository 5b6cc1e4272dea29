import { loadAll } from 'js-yaml'
import { fileAt } from './the-metrics.js'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
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
