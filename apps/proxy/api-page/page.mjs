// The viewer is given the document, not its address, which a link to this page could change, and not what it has fields for: a
// token, a server. It would ask the identity provider for its metadata, too. Who may call, and where, is in the description.
const response = await fetch('openapi.json')
const { components, security: _, servers: ___, ...described } = await response.json()
const { securitySchemes: __, ...shown } = components

globalThis.SwaggerUIBundle({
  spec: { ...described, components: shown },
  dom_id: '#api',
  deepLinking: true,
  // Callers have another port, so that nothing could be tried out here.
  supportedSubmitMethods: [],
  // A badge of the viewer's makers.
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  // Colours cost more than all the rest, and are too pale.
  syntaxHighlight: { activated: false },
})
