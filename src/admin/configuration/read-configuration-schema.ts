import { z } from 'zod'
import { ConfigurationFile, ConfigurationSchema } from '../../contract/configuration.ts'
import { route } from '../route.ts'

export const readConfigurationSchema = route({
  method: 'GET',
  path: '/configuration/schema',
  summary: 'Read the JSON Schema of configuration files, for editors',
  scope: ['organisation_settings.read'],
  reply: ConfigurationSchema,
  async handle() {
    return { ...z.toJSONSchema(ConfigurationFile, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }) }
  },
})
