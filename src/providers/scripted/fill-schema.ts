import { object, type Json } from './request.ts'

/** A small value that fits a JSON schema, the same one every time; `word` fills its strings. */
export function fillSchema(schema: Json, word: string): unknown {
  const options = schema['enum']
  if (Array.isArray(options)) return options[0]
  if ('const' in schema) return schema['const']
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'string':
      return word
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
    case 'boolean':
      return true
    case 'array':
      return typeof schema['minItems'] === 'number' && schema['minItems'] > 0
        ? [fillSchema(object(schema['items']), word)]
        : []
    case 'null':
      return null
    default:
      return fillRequired(schema, word)
  }
}

function fillRequired(schema: Json, word: string): Json {
  const properties = object(schema['properties'])
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  return Object.fromEntries(required.map((name) => [name, fillSchema(object(properties[name]), word)]))
}
