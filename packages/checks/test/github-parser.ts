import { registerHooks } from 'node:module'

// GitHub's parser imports JSON as bundlers do, without saying so; Node wants to be told.
const hooks = registerHooks({
  load: (url, context, nextLoad) =>
    nextLoad(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser')
hooks.deregister()

/** What GitHub's own parser has against a workflow; nothing if it is one. */
export const errorsInWorkflow = (name: string, content: string): ReadonlyArray<string> =>
  parseWorkflow({ name, content }, new NoOperationTraceWriter())
    .context.errors.getErrors()
    .map(({ message }) => message)
