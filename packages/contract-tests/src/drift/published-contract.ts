/** What a published file says of one property. What it is silent about is absent, and no difference. */
export interface PublishedProperty {
  readonly name: string
  /** As Graph's metadata spells it: `Edm.String`, `microsoft.graph.installState`. */
  readonly type?: string
  readonly nullable?: boolean
  /** A create without it is refused. */
  readonly required?: boolean
  /** Set by the service alone: computed, or read-only. */
  readonly readOnly?: boolean
  readonly maxLength?: number
  /** What every value fits. */
  readonly pattern?: string
  readonly deprecated?: boolean
  readonly line?: number
}

export interface PublishedMember {
  readonly name: string
  /** The number behind it, as text. */
  readonly value?: string
  readonly line?: number
}

export interface PublishedRoute {
  readonly method: 'POST'
  /** Below the version; `{}` stands for each id, without a slash at the end. */
  readonly template: string
  /** Whether something may be created there. */
  readonly insertable?: boolean
  readonly line?: number
}

export interface PublishedExample {
  readonly which: 'request' | 'response'
  readonly text: string
  readonly line?: number
}

/** The facts of one published file. A list that is absent is one that the format cannot tell. */
export interface PublishedContract {
  /** Those of a deviceInstallState, inherited ones among them. */
  readonly properties?: ReadonlyArray<PublishedProperty>
  readonly members?: ReadonlyArray<PublishedMember>
  readonly key?: string
  readonly routes?: ReadonlyArray<PublishedRoute>
  /** Of a create that is done, as written: `201`, or `2XX`. */
  readonly statuses?: ReadonlyArray<string>
  readonly permissions?: ReadonlyArray<string>
  readonly examples?: ReadonlyArray<PublishedExample>
}

/** `{managedEBookId}`, `{managedEBook-id}` and `{id}` are the same place. */
export const withoutNames = (template: string): string => template.replaceAll(/\{[^{}]*\}/g, '{}').replace(/\/+$/, '')
