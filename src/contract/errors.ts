import { z } from 'zod'

/**
 * The admin API's error codes and their HTTP statuses, as Portkey's clients know them. AB02 and AB09 exist there
 * too; nothing here answers with them.
 */
export const ADMIN_ERRORS = {
  /** The request says something that cannot be. */
  AB01: 400,
  /** The caller is known and may not do this. */
  AB03: 403,
  /** The gateway failed. */
  AB04: 500,
  /** Nobody knows the caller. */
  AB05: 401,
  /** Too many tries; `retry-after` says how many seconds to wait. */
  AB06: 429,
  /** It exists already, or something still depends on it. With 412: it was changed since the tag in `if-match`. */
  AB07: 409,
  /** It does not exist, or not for this caller. */
  AB08: 404,
} as const

export type AdminErrorCode = keyof typeof ADMIN_ERRORS

/** What every refusal of the admin API looks like. */
export const AdminErrorBody = z.object({
  success: z.literal(false),
  data: z.object({
    message: z.string().meta({ description: 'What is wrong and what to do; every problem found, one per line.' }),
    errorCode: z.enum(Object.keys(ADMIN_ERRORS) as [AdminErrorCode, ...AdminErrorCode[]]),
    changed_by: z.string().nullable().optional().meta({ description: 'With 412: who was faster.' }),
    changed_at: z.string().nullable().optional(),
    etag: z.string().optional().meta({ description: 'With 412: the tag of today.' }),
  }),
})
