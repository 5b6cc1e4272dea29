import { registerHooks } from 'node:module'

// GitHub's parser imports JSON as bundlers do, without saying so; Node wants to be told.
const hooks = registerHooks({
  load: (url, context, nextLoad) =>
    nextLoad(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser')
hooks.deregister()

/** What GitHub's own parser has against a workflow, its expressions included; nothing if it is one. */
export const errorsInWorkflow = async (name: string, content: string): Promise<ReadonlyArray<string>> => {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  if (value !== undefined) await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().map(({ message }) => message)
}
