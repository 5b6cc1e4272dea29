import {
  DateTimeOffset,
  DeviceInstallState,
  DeviceInstallStateCreate,
  ODataDateTimeOffset,
  installStates,
} from '@device-install-state/model'
import { documentedExample } from '@device-install-state/model/fields'
import { jsonSchemaDocument } from '@device-install-state/model/json-schema'
import { plainIoTs } from '../test/support/plain-io-ts.ts'

/** Says whether a value fits; decodes it, as far as the contender does. */
export type Decode = (value: unknown) => boolean

const body = (): Record<string, unknown> => JSON.parse(documentedExample.request)
const entity = (): Record<string, unknown> => JSON.parse(documentedExample.response)

const oneError = { installState: 'Installed' }
const threeErrors = { installState: 'Installed', deviceName: 5, lastSyncDateTime: 'yesterday' }

/** The documented example, whole, and with one and three errors. */
export const scenarios = {
  body: { value: body(), isCreate: true, isRight: true },
  'body, 1 error': { value: { ...body(), ...oneError }, isCreate: true, isRight: false },
  'body, 3 errors': { value: { ...body(), ...threeErrors }, isCreate: true, isRight: false },
  answer: { value: entity(), isCreate: false, isRight: true },
  'answer, 1 error': { value: { ...entity(), installState: 5 }, isCreate: false, isRight: false },
  'answer, 3 errors': { value: { ...entity(), ...threeErrors, installState: 5 }, isCreate: false, isRight: false },
} as const

export type Scenario = keyof typeof scenarios

const ajvOf = async (isCreate: boolean, validateFormats: boolean): Promise<Decode> => {
  const [{ Ajv2020 }, { default: formats }] = await Promise.all([import('ajv/dist/2020.js'), import('ajv-formats')])
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, validateFormats })
  formats.default(ajv)
  return ajv.compile(jsonSchemaDocument(isCreate ? 'DeviceInstallStateCreate' : 'DeviceInstallState', 'draft-2020-12'))
}

const codecOf = (isCreate: boolean) => (isCreate ? DeviceInstallStateCreate : DeviceInstallState)

/**
 * What to compare with. All look at every field and, for a body, refuse other properties, which io-ts cannot. The whole job
 * is also the form of the date, and that no string of a body has half a surrogate pair, which ajv does not look for.
 */
export const contenders = {
  'this library': async (isCreate: boolean): Promise<Decode> => {
    const { decode } = codecOf(isCreate)
    return (value) => decode(value)._tag === 'Right'
  },
  'io-ts combinators': async (isCreate: boolean): Promise<Decode> => {
    const { PlainAnswer, PlainCreate } = plainIoTs(DateTimeOffset.is, ODataDateTimeOffset.is)
    const { decode } = isCreate ? PlainCreate : PlainAnswer
    return (value) => decode(value)._tag === 'Right'
  },
  'ajv, our JSON Schema': (isCreate: boolean): Promise<Decode> => ajvOf(isCreate, true),
  'ajv, our JSON Schema, its pattern but not its format': (isCreate: boolean): Promise<Decode> =>
    ajvOf(isCreate, false),
  'ajv, types alone': async (isCreate: boolean): Promise<Decode> => {
    const { Ajv } = await import('ajv')
    const string = { type: 'string' }
    const nullable = { type: ['string', 'null'] }
    const { fields } = codecOf(isCreate)
    return new Ajv({ allErrors: true, allowUnionTypes: true }).compile({
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, { codec }]) => [
          name,
          isCreate && name === 'installState' ? { enum: installStates } : codec.is(null) ? nullable : string,
        ]),
      ),
      required: Object.entries(fields).flatMap(([name, { isRequired }]) => (isRequired ? [name] : [])),
      ...(isCreate ? { additionalProperties: false } : {}),
    })
  },
  'zod 4': async (isCreate: boolean): Promise<Decode> => {
    const { z } = await import('zod')
    const text = isCreate ? z.string().refine((value) => value.isWellFormed()) : z.string()
    const nullable = text.nullable()
    const fields = {
      deviceName: nullable,
      deviceId: nullable,
      lastSyncDateTime: z.string().refine(isCreate ? DateTimeOffset.is : ODataDateTimeOffset.is),
      installState: isCreate ? z.enum(installStates) : z.string(),
      errorCode: nullable,
      osVersion: nullable,
      osDescription: nullable,
      userName: nullable,
    }
    const schema = isCreate
      ? z.strictObject({
          '@odata.type': z.literal('#microsoft.graph.deviceInstallState').optional(),
          id: text.optional(),
          ...fields,
        })
      : z.looseObject({
          '@odata.context': z.string().optional(),
          '@odata.type': z.string().optional(),
          id: z.string().min(1),
          ...fields,
        })
    return (value) => schema.safeParse(value).success
  },
  valibot: async (isCreate: boolean): Promise<Decode> => {
    const v = await import('valibot')
    const text = isCreate
      ? v.pipe(
          v.string(),
          v.check((value) => value.isWellFormed()),
        )
      : v.string()
    const nullable = v.nullable(text)
    const fields = {
      deviceName: nullable,
      deviceId: nullable,
      lastSyncDateTime: v.pipe(
        v.string(),
        v.check((value: string) => (isCreate ? DateTimeOffset.is(value) : ODataDateTimeOffset.is(value))),
      ),
      installState: isCreate ? v.picklist(installStates) : v.string(),
      errorCode: nullable,
      osVersion: nullable,
      osDescription: nullable,
      userName: nullable,
    }
    const schema = isCreate
      ? v.strictObject({
          '@odata.type': v.optional(v.literal('#microsoft.graph.deviceInstallState')),
          id: v.optional(text),
          ...fields,
        })
      : v.looseObject({
          '@odata.context': v.optional(v.string()),
          '@odata.type': v.optional(v.string()),
          id: v.pipe(v.string(), v.minLength(1)),
          ...fields,
        })
    return (value) => v.safeParse(schema, value).success
  },
  'JSON.parse of the text': async (): Promise<Decode> => (value) => JSON.parse(String(value)) !== undefined,
} as const

export type Contender = keyof typeof contenders
