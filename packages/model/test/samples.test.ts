import { readdirSync, readFileSync } from 'node:fs'
import type * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import {
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  GraphError,
  problemsOf,
} from '../src/index.js'

interface Sample {
  readonly source: string
  readonly codec: string
  /** The pointers that must be named; none for a sample that the codec takes. */
  readonly problems: ReadonlyArray<string>
  readonly payload: unknown
}

const folder = new URL('samples/', import.meta.url)
const samples = readdirSync(folder).map((file): [string, Sample] => [
  file.replace(/\.json$/, ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
])

const codecs: Readonly<Record<string, t.Mixed>> = {
  DeviceInstallState,
  DeviceInstallStateCollection,
  DeviceInstallStateCreate,
  GraphError,
}

describe('what Graph publishes, and what it was seen to answer', () => {
  it.each(samples)('%s', (_, { codec: name, payload, problems }) => {
    const codec = codecs[name]
    const decoded = codec?.decode(payload)

    expect(decoded?._tag === 'Left' ? problemsOf(decoded.left).map(({ pointer }) => pointer) : []).toEqual(problems)
    if (decoded?._tag === 'Right') {
      expect(decoded.right).toBe(payload)
      expect(codec?.encode(decoded.right)).toBe(payload)
    }
  })

  it('is at least one sample for each codec', () => {
    expect(new Set(samples.map(([, { codec }]) => codec))).toEqual(new Set(Object.keys(codecs)))
  })
})
