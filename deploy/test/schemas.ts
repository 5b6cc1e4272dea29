import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor'
// One by one: all of a group at once take a second to load.
import { Deployment } from 'kubernetes-models/apps/v1/Deployment'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap'
import { Pod } from 'kubernetes-models/v1/Pod'
import { Service } from 'kubernetes-models/v1/Service'
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount'
import type { Manifest } from './manifests.js'

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
