import { z } from 'zod'
import { list, stamps, strict, words } from './fields.ts'
import { limitMembers, listedLimits, resetUsage } from './limits.ts'
import { organisationRole } from './roles.ts'

/** Portkey pages users in camel case; both spellings are taken. */
export const UserQuery = strict({
  currentPage: z.coerce.number().int().min(0).max(1_000_000).optional(),
  pageSize: z.coerce.number().int().min(1).max(1000).optional(),
  current_page: z.coerce.number().int().min(0).max(1_000_000).optional(),
  page_size: z.coerce.number().int().min(1).max(1000).optional(),
  email: z.string().max(320).optional(),
  role: organisationRole.optional(),
})

/** A first or last name; some people have one, some none. */
export const personName = words.max(100)

export const UserUpdate = strict({
  role: organisationRole.optional(),
  status: z
    .enum(['active', 'suspended'])
    .optional()
    .meta({ description: 'Who is suspended cannot sign in, and their keys are refused, until they are active again.' }),
  first_name: personName.optional(),
  last_name: personName.optional(),
  ...limitMembers,
  reset_usage: resetUsage,
})

export const SignInLink = z.object({
  link: z.string().meta({ description: 'Signs that person in once; whoever opens it may set a new password.' }),
  expires_at: z.string(),
})

export const User = z.object({
  id: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  role: z.string(),
  status: z.enum(['active', 'suspended']),
  has_password: z.boolean(),
  workspace_ids: z.array(z.string()),
  ...listedLimits,
  ...stamps,
  object: z.literal('user'),
})

export const UserList = list(User)
