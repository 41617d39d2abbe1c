import { z } from 'zod'
import {
  configReference,
  errorFormat,
  list,
  metadata,
  name,
  page,
  providerReference,
  remark,
  stamps,
  strict,
} from './fields.ts'
import { limitMembers, listedLimits, resetUsage } from './limits.ts'

/* A workspace is a tenant: its keys, providers and records belong to it alone. */

export const WorkspaceQuery = strict({
  ...page,
  name: z.string().max(255).optional().meta({ description: 'Part of the name.' }),
  exact_name: z.string().max(255).optional(),
})

export const WorkspaceUpdate = strict(
  {
    name: name.optional(),
    description: remark.optional(),
    defaults: strict(
      {
        provider: providerReference.nullable().optional(),
        config_id: configReference.nullable().optional().meta({ description: 'Followed by keys that name no config.' }),
        user_api_key_config: configReference
          .nullable()
          .optional()
          .meta({ description: 'The same for the keys of people, where it differs.' }),
        metadata: metadata.nullable().optional(),
        error_format: errorFormat.nullable().optional(),
      },
      { input_guardrails: 'guardrails', output_guardrails: 'guardrails' },
    )
      .nullable()
      .optional()
      .meta({ description: 'Members that are left out stay; null clears.' }),
    ...limitMembers,
    reset_usage: resetUsage,
  },
  { icon: 'icons' },
)

export const WorkspaceItem = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  organisation_id: z.string(),
  is_default: z.union([z.literal(0), z.literal(1)]),
  defaults: z.object({
    provider: z.string().nullable(),
    config_id: z.string().nullable(),
    user_api_key_config: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable(),
    error_format: errorFormat,
  }),
  status: z.enum(['active', 'exhausted']),
  ...listedLimits,
  ...stamps,
  object: z.literal('workspace'),
})

export const WorkspaceList = list(WorkspaceItem)

export const WorkspaceMember = z.object({
  id: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  org_role: z.string(),
  role: z.string(),
  status: z.literal('active'),
  created_at: z.string(),
  object: z.literal('workspace-user'),
})

export const Workspace = WorkspaceItem.extend({ users: z.array(WorkspaceMember) })
