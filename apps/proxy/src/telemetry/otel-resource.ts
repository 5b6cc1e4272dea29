export { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
