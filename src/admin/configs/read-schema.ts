import { ConfigSchema } from '../../contract/configs.ts'
import { CONFIG_SCHEMA } from '../../routing/config-schema.ts'
import { route } from '../route.ts'

export const readSchema = route({
  method: 'GET',
  path: '/configs/schema',
  summary: 'Read the JSON Schema of routing documents, for editors',
  scope: ['configs.read', 'configs.create', 'configs.list'],
  reply: ConfigSchema,
  async handle() {
    return { ...CONFIG_SCHEMA }
  },
})
