import { z } from 'zod'
import { organisationRole, workspaceRole } from './roles.ts'
import { strict } from './fields.ts'

/* Signing in with a browser. A session is a cookie; nothing here shows its token. */

/** Long beats odd: twelve characters of anything. The upper bound keeps hashing cheap. */
export const password = z.string().min(12, 'has to have at least 12 characters').max(256)

/** What is typed to sign in: it may be wrong, but not endless. */
export const SessionCreate = strict({ email: z.string().min(1).max(320), password: z.string().min(1).max(1024) })

export const PasswordChange = strict({
  current_password: z
    .string()
    .max(1024)
    .optional()
    .meta({ description: 'Needed by whoever has a password and signed in with it; a link is proof enough.' }),
  new_password: password,
})

export const SessionWorkspace = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  role: workspaceRole.nullable(),
})

export const CurrentSession = z.object({
  kind: z.enum(['organisation-service', 'workspace-service', 'workspace-user', 'session']),
  organisation_id: z.string(),
  key_id: z.string().nullable(),
  user: z
    .object({
      id: z.string(),
      email: z.string(),
      first_name: z.string(),
      last_name: z.string(),
      role: organisationRole,
      has_password: z.boolean(),
    })
    .nullable(),
  workspace: SessionWorkspace.nullable().meta({ description: 'The one in view; null for whoever sees all.' }),
  workspaces: z.array(SessionWorkspace).meta({ description: 'Those that may be put in view.' }),
  scopes: z.array(z.string()),
  expires_at: z.string().nullable(),
  object: z.literal('session'),
})
