import { z } from 'zod'

/** JSON Schema (draft 2020-12, as in OpenAPI 3.1). Transforms have none of their own; the document shows what goes into them. */
export function toSchema(schema: z.ZodType, io: 'input' | 'output'): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  })
  return described
}
