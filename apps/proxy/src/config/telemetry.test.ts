import { describe, expect, it } from 'vitest'
import { configOf, good, problemsIn } from '../../test/an-environment.js'

describe('what is said of the service', () => {
  it('is what is set, also in place of what would be said by itself', () => {
    const said = 'deployment.environment.name=production,service.version=7,team=a%20b'
    expect(configOf({ OTEL_RESOURCE_ATTRIBUTES: said }).telemetry.resourceAttributes).toEqual({
      'deployment.environment.name': 'production',
      'service.version': '7',
      team: 'a b',
    })
  })

  it.each(['8ball=x', 'ü=x', '__name__=x', 'a.b=x,a_b=y', 'service_name=x', 'host-name=x'])(
    'is not %s, which Prometheus would refuse with all figures',
    (said) => {
      expect(problemsIn({ ...good, OTEL_RESOURCE_ATTRIBUTES: said })).toMatchObject([
        { variable: 'OTEL_RESOURCE_ATTRIBUTES' },
      ])
    },
  )
})

describe('the headers for the collector', () => {
  it.each(['Authorization=Bearer%0As3cret', 'Auth(x)=s3cret', 'Authorization=s3cr%E2%82%ACt'])(
    'are not %s, which could never be sent, and which is not told',
    (headers) => {
      const problems = problemsIn({ ...good, OTEL_EXPORTER_OTLP_HEADERS: headers })

      expect(problems).toMatchObject([{ variable: 'OTEL_EXPORTER_OTLP_HEADERS' }])
      expect(JSON.stringify(problems)).not.toContain('s3cr')
    },
  )
})
