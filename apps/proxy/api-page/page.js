// The viewer is given the document, not its address: it would ask the identity provider for its metadata, and a link to this page
// could name another document. Who may call stands in the document's description; here nobody types a token.
const response = await fetch('openapi.json')
const { components, security: _, ...document } = await response.json()
const { securitySchemes: __, ...shown } = components

globalThis.SwaggerUIBundle({
  spec: { ...document, components: shown },
  dom_id: '#api',
  deepLinking: true,
  // Callers have another port, so that nothing could be tried out here.
  supportedSubmitMethods: [],
  // A badge of the viewer's makers.
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
})
