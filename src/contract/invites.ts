import { z } from 'zod'
import { email, idOrSlug, list, name, strict } from './fields.ts'
import { organisationRole, workspaceRole } from './roles.ts'
import { scope } from './scopes.ts'

/* An invite is a link that makes somebody a user. It works once, within seven days. */

export const InviteCreate = strict({
  email,
  role: organisationRole.default('member'),
  workspaces: z
    .array(strict({ id: idOrSlug, role: workspaceRole.default('member') }))
    .max(100)
    .default([])
    .meta({ description: 'Where they will be a member.' }),
  workspace_api_key_details: strict(
    { name: name.optional(), scopes: z.array(scope).min(1).max(200).optional() },
    {
      expiry: 'invited keys that expire',
      usage_limits: 'invited keys with budgets',
      rate_limits: 'invited keys with rates',
    },
  )
    .optional()
    .meta({ description: 'A key in each of these workspaces, shown once when they accept.' }),
})

export const InviteQuery = strict({
  currentPage: z.coerce.number().int().min(0).max(1_000_000).optional(),
  pageSize: z.coerce.number().int().min(1).max(1000).optional(),
  current_page: z.coerce.number().int().min(0).max(1_000_000).optional(),
  page_size: z.coerce.number().int().min(1).max(1000).optional(),
  email: z.string().max(320).optional(),
  role: organisationRole.optional(),
  status: z.enum(['pending', 'accepted', 'cancelled', 'expired']).optional(),
})

export const InviteCreated = z.object({
  id: z.string(),
  invite_link: z.string().meta({ description: 'Shown here and never again; POST …/resend makes another one.' }),
  expires_at: z.string(),
  object: z.literal('invite'),
})

export const InviteResent = z.object({
  inviteLink: z.string(),
  invite_link: z.string(),
  expires_at: z.string(),
})

export const Invite = z.object({
  id: z.string(),
  email: z.string(),
  role: organisationRole,
  status: z.enum(['pending', 'accepted', 'cancelled', 'expired']),
  workspaces: z.array(z.object({ id: z.string(), role: workspaceRole })),
  invited_by: z.string().nullable(),
  user_id: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string(),
  accepted_at: z.string().nullable(),
  object: z.literal('invite'),
})

export const InviteList = list(Invite)
