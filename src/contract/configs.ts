import { z } from 'zod'
import { flag, idOrSlug, list, name, page, stamps, strict } from './fields.ts'

/* A config is a saved routing document. Its members are described in docs/reference/configs.md; each save of the document makes a version. */

const document = z
  .union([z.record(z.string(), z.unknown()), z.string()], {
    error: 'has to be a JSON object, or a string that holds one',
  })
  .meta({ description: 'The routing document, as an object or as JSON text; GET /v1/configs/schema describes it.' })

const status = z.enum(['active', 'archived'])

/** The SDK and the REST pages spell it differently. */
const isDefault = {
  isDefault: flag.optional().meta({ description: 'Followed when neither request nor key names a config.' }),
  is_default: flag.optional(),
}

export const ConfigCreate = strict({
  name,
  config: document,
  ...isDefault,
  workspace_id: idOrSlug.optional().meta({ description: 'The workspace that may use it; the default one without.' }),
})

export const ConfigUpdate = strict({
  slug: z.string().optional(),
  name: name.optional(),
  config: document.optional().meta({ description: 'Makes a new version, which comes into force.' }),
  ...isDefault,
  status: status.optional().meta({ description: 'Nobody can follow an archived config.' }),
  workspace_id: idOrSlug.optional(),
})

export const ConfigCheck = strict({ config: document, workspace_id: idOrSlug.optional() })

export const ConfigQuery = strict({ workspace_id: idOrSlug.optional() })

export const ConfigListQuery = strict({ ...page, workspace_id: idOrSlug.optional() })

export const ConfigCreated = z.object({
  id: z.string(),
  slug: z.string().meta({ description: 'pc-…' }),
  version_id: z.string(),
  object: z.literal('config'),
})

export const ConfigUpdated = z.object({ version_id: z.string(), object: z.literal('config') })

export const ConfigItem = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  organisation_id: z.string(),
  workspace_id: z.string(),
  is_default: z.union([z.literal(0), z.literal(1)]),
  status,
  version_id: z.string(),
  updated_by: z.string().nullable().meta({ description: 'id of the key or user that saved the version in force' }),
  ...stamps,
  object: z.literal('config'),
})

export const ConfigList = list(ConfigItem)

export const Config = ConfigItem.extend({ config: z.record(z.string(), z.unknown()) })

export const ConfigVersions = list(
  z.object({
    id: z.string(),
    version: z.number().int().meta({ description: '1, 2, 3, …' }),
    config: z.record(z.string(), z.unknown()),
    created_by: z.string().nullable(),
    created_at: z.string(),
    object: z.literal('config-version'),
  }),
)

export const ConfigProblems = z.object({
  valid: z.boolean(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
})

export const ConfigSchema = z.record(z.string(), z.unknown())
