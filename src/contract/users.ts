import { z } from 'zod'
import { list, stamps, strict } from './fields.ts'

/** Portkey pages users in camel case; both spellings are taken. */
export const UserQuery = strict({
  currentPage: z.coerce.number().int().min(0).max(1_000_000).optional(),
  pageSize: z.coerce.number().int().min(1).max(1000).optional(),
  current_page: z.coerce.number().int().min(0).max(1_000_000).optional(),
  page_size: z.coerce.number().int().min(1).max(1000).optional(),
  email: z.string().max(320).optional(),
  role: z.enum(['owner', 'admin', 'member']).optional(),
})

export const User = z.object({
  id: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  email: z.string(),
  role: z.string(),
  workspace_ids: z.array(z.string()),
  ...stamps,
  object: z.literal('user'),
})

export const UserList = list(User)
