import type * as v1 from '@microsoft/microsoft-graph-types'
import type * as beta from '@microsoft/microsoft-graph-types-beta'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { deviceInstallState } from '../src/arbitrary/index.js'
import {
  type DeviceInstallState,
  type DeviceInstallStateCollection,
  type DeviceInstallStateCreate,
  hasDocumentedInstallState,
  InstallState,
  type InstallState as InstallStateType,
} from '../src/index.js'
import * as fc from 'fast-check'

type Documented = DeviceInstallState & { readonly installState: InstallStateType }

describe('Microsoft’s own types', () => {
  it('take a body of ours (v1.0 and beta)', () => {
    expectTypeOf<DeviceInstallStateCreate>().toExtend<v1.DeviceInstallState>()
    expectTypeOf<DeviceInstallStateCreate>().toExtend<beta.DeviceInstallState>()
  })

  it('take an entity of ours whose state is documented (v1.0 and beta)', () => {
    expectTypeOf<Documented>().toExtend<v1.DeviceInstallState>()
    expectTypeOf<Documented>().toExtend<beta.DeviceInstallState>()
    expectTypeOf<Omit<DeviceInstallState, 'installState'>>().toExtend<Omit<v1.DeviceInstallState, 'installState'>>()
  })

  it('do not know that Graph may add a state, so an entity must be asked first', () => {
    expectTypeOf<DeviceInstallState>().not.toExtend<v1.DeviceInstallState>()
    expectTypeOf<DeviceInstallStateCollection['value'][number]>().toEqualTypeOf<DeviceInstallState>()

    fc.assert(
      fc.property(deviceInstallState(), (entity) => {
        expect(hasDocumentedInstallState(entity)).toBe(InstallState.is(entity.installState))
        if (hasDocumentedInstallState(entity)) expectTypeOf(entity).toExtend<v1.DeviceInstallState>()
      }),
    )
  })

  it('have the six states that we have, and the properties', () => {
    expectTypeOf<InstallStateType>().toEqualTypeOf<v1.InstallState>()
    expectTypeOf<InstallStateType>().toEqualTypeOf<beta.InstallState>()
    expectTypeOf<keyof v1.DeviceInstallState>().toExtend<keyof DeviceInstallState>()
    expectTypeOf<keyof beta.DeviceInstallState>().toExtend<keyof DeviceInstallState>()
  })
})
