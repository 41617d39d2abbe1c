import { z } from 'zod'
import {
  configReference,
  errorFormat,
  flag,
  list,
  metadata,
  name,
  page,
  providerReference,
  remark,
  slug,
  stamps,
  strict,
} from './fields.ts'
import { limitMembers, listedLimits, resetUsage } from './limits.ts'
import { recordsMember, ShownRecords } from './records.ts'
import { workspaceRole } from './roles.ts'

/* A workspace is a tenant: its keys, providers and records belong to it alone. */

export const WorkspaceQuery = strict({
  ...page,
  name: z.string().max(255).optional().meta({ description: 'Part of the name.' }),
  exact_name: z.string().max(255).optional(),
})

const NOT_YET = { icon: 'icons' }

const defaults = strict(
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

/** One person of a workspace; the SDK knows the id alone too. */
const newMember = z.union([
  strict({
    id: z.string().min(1).max(320).meta({ description: 'Id or e-mail address' }),
    role: workspaceRole.default('member'),
  }),
  z
    .string()
    .min(1)
    .max(320)
    .transform((id) => ({ id, role: 'member' as const })),
])

export const WorkspaceCreate = strict(
  {
    name,
    description: remark.optional(),
    slug: slug.optional().meta({ description: 'Made of the name without it.' }),
    defaults: defaults.nullable().optional(),
    users: z.array(newMember).max(1000).default([]),
    records: recordsMember,
    ...limitMembers,
  },
  NOT_YET,
)

export const WorkspaceUpdate = strict(
  {
    name: name.optional(),
    description: remark.optional(),
    defaults: defaults.nullable().optional().meta({ description: 'Members that are left out stay; null clears.' }),
    records: recordsMember,
    ...limitMembers,
    reset_usage: resetUsage,
  },
  NOT_YET,
)

export const WorkspaceDelete = strict({
  name: name.optional().meta({ description: 'Of the workspace, so that nobody deletes another one by mistake.' }),
  force_delete: flag
    .optional()
    .meta({ description: 'Also when there are keys, providers or configs in it; they go with it.' }),
})

export const MembersAdd = strict({
  users: z.array(newMember).min(1).max(1000),
})

export const MemberUpdate = strict({ role: workspaceRole })

export const MemberQuery = strict({
  currentPage: z.coerce.number().int().min(0).max(1_000_000).optional(),
  pageSize: z.coerce.number().int().min(1).max(1000).optional(),
  current_page: z.coerce.number().int().min(0).max(1_000_000).optional(),
  page_size: z.coerce.number().int().min(1).max(1000).optional(),
  email: z.string().max(320).optional(),
  role: workspaceRole.optional(),
})

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
  records: ShownRecords,
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
  role: workspaceRole,
  status: z.enum(['active', 'suspended']),
  workspace_id: z.string(),
  scopes: z.array(z.string()).meta({ description: 'What the role may do.' }),
  created_at: z.string(),
  last_updated_at: z.string(),
  object: z.literal('workspace-user'),
})

export const MemberList = list(WorkspaceMember)

export const Workspace = WorkspaceItem.extend({ users: z.array(WorkspaceMember) })
