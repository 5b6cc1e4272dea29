import { describe, expect, it } from 'vitest'
import { aCreateRequest, withHeader } from '../../test/a-request.js'
import { traceparentOf } from './trace-context.js'

const [trace, parent, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', '00f067aa0ba902b7']
const request = aCreateRequest()
const sent = (traceparent: string) => traceparentOf(withHeader(request, 'traceparent', traceparent), span)
const anew = `00-${request.auditId.replaceAll('-', '')}-${span}-00`

describe('the trace of a caller', () => {
  it('is gone on with, by a span of ours, recorded or not as the caller’s is', () => {
    expect(sent(`00-${trace}-${parent}-01`)).toBe(`00-${trace}-${span}-01`)
    expect(sent(`00-${trace}-${parent}-00`)).toBe(`00-${trace}-${span}-00`)
  })

  it('is gone on with by what is known of a later version', () => {
    expect(sent(`cc-${trace}-${parent}-03-what-comes`)).toBe(`00-${trace}-${span}-01`)
  })

  it.each([
    ['version ff', `ff-${trace}-${parent}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${parent}-01`],
    ['a span of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${trace.toUpperCase()}-${parent}-01`],
    ['more than version 00 has', `00-${trace}-${parent}-01-x`],
    ['too little', `00-${trace}-${parent}`],
    ['nothing', ''],
    ['something else', '{"trace":1}'],
  ])('(%s) begins anew, named for the call', (_, traceparent) => {
    expect(sent(traceparent)).toBe(anew)
  })

  it('begins anew where there is none, or two', () => {
    const twice = ['01', '00'].map((flags) => ['traceparent', `00-${trace}-${parent}-${flags}`] as const)

    expect(traceparentOf(request, span)).toBe(anew)
    expect(traceparentOf({ ...request, headers: [...request.headers, ...twice] }, span)).toBe(anew)
  })
})
