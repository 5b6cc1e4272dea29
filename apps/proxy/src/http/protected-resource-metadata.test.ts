import { describe, expect, it } from 'vitest'
import { asksForMetadata, metadataReply } from './protected-resource-metadata.js'

describe('the metadata of the protected resource', () => {
  it.each([
    ['GET', '/.well-known/oauth-protected-resource', true],
    ['HEAD', '/.well-known/oauth-protected-resource', true],
    ['POST', '/.well-known/oauth-protected-resource', false],
    ['GET', '/.well-known/oauth-protected-resource/', false],
    ['GET', '/.well-known/oauth-protected-resource?x', false],
    ['GET', '/x/../.well-known/oauth-protected-resource', false],
    ['GET', undefined, false],
  ])('are what %s %s asks for: %s', (method, url, expected) => {
    expect(asksForMetadata({ method, url, rawHeaders: ['Host', 'x'] })).toBe(expected)
  })

  it('are not for a request with two hosts', () => {
    const rawHeaders = ['Host', 'x', 'Accept', 'host', 'HOST', 'y']

    expect(asksForMetadata({ method: 'GET', url: '/.well-known/oauth-protected-resource', rawHeaders })).toBe(false)
  })

  it('say from whom to get a token, and with which scope', () => {
    const { body, headers, status } = metadataReply({
      resource: 'https://gateway.example',
      authorizationServers: ['https://login.example/t/v2.0'],
      scopes: ['api://x/Create'],
    })

    expect({ status, headers, json: JSON.parse(body) }).toEqual({
      status: 200,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=3600' },
      json: {
        resource: 'https://gateway.example',
        resource_name: 'Gateway for device install states',
        authorization_servers: ['https://login.example/t/v2.0'],
        scopes_supported: ['api://x/Create'],
        bearer_methods_supported: ['header'],
      },
    })
  })
})
