import { z } from 'zod'
import { nearestName } from '../core/spelling.ts'
import './plain-words.ts'

/*
 * What the schemas of the admin API have in common. Input is strict: a name nobody knows is a mistake, and a mistake that
 * is ignored becomes a limit that was never set.
 */

/**
 * A JSON object with these members and no others. `notYet` names members that Portkey knows and this version lacks, with
 * what they would be.
 */
export function strict<Shape extends z.ZodRawShape>(shape: Shape, notYet: Readonly<Record<string, string>> = {}) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => explain(name)).join('\n')
      return issue.input === undefined ? 'is required and has to be a JSON object' : 'has to be a JSON object'
    },
  })

  function explain(name: string): string {
    const lacking = Object.hasOwn(notYet, name) ? notYet[name] : undefined
    if (lacking !== undefined) return `${name}: this version does not have ${lacking} yet; leave it out`
    const meant = nearestName(name, known)
    return `${quote(name)} is not known here; ${meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`}`
  }
}

/** Every problem of a refused input, one line each, with the place where it stands. */
export function listProblems(error: z.ZodError): string {
  return error.issues
    .flatMap((issue) => unfold(issue))
    .flatMap(({ path, message }) => message.split('\n').map((line) => ({ at: path.join('.'), message: line })))
    .map(({ at, message }) => (at === '' ? message : `${at}: ${message}`))
    .join('\n')
}

interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** Of several shapes that a value may have, the problems of the one that it has at least from outside. */
function unfold(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): readonly Problem[] {
  const path = [...above, ...issue.path]
  const meant =
    issue.code === 'invalid_union'
      ? issue.errors.find((issues) => issues.every((each) => each.code !== 'invalid_type' || each.path.length > 0))
      : undefined
  return meant?.flatMap((each) => unfold(each, path)) ?? [{ path, message: issue.message }]
}

/** A name may come from a stranger and ends in a log or on a screen. */
function quote(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name)
}

/**
 * Words that are shown somewhere. Control characters would break lines of logs and letters; those that turn the direction of writing make one
 * name look like another; half a character is none.
 */
export const words = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]*$/u, 'may not hold control characters')

/** What people call a thing. */
export const name = words.min(1).max(255)

const ADDRESS = /^[^\s@\p{C}<>()[\]\\,;:"]+@[^\s@\p{C}<>()[\]\\,;:"]+$/u

/**
 * An e-mail address, loosely: whether there is a mailbox only a letter can tell. Nothing that cannot be seen, so that nobody is invited twice, and
 * nothing that means something around an address.
 */
export const email = z
  .string()
  .trim()
  .max(320)
  .regex(ADDRESS, { error: 'has to be an e-mail address', abort: true })
  // Full-width forms become the plain ones where addresses are compared.
  .refine((address) => ADDRESS.test(address.normalize('NFKC')), 'has to be an e-mail address')

/** A longer remark; null clears it. */
export const remark = z.string().trim().max(1000).nullable()

/** The name of a thing in requests and addresses. `cf` and `hf` begin real model names (`@cf/…`), so no provider may have them. */
export const slug = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?$/,
    'has to be 1 to 100 of a–z, 0–9, - and _, with a letter or digit at both ends',
  )
  .refine((value) => value !== 'cf' && value !== 'hf', 'is reserved, because @cf/ and @hf/ begin names of models')

/** A UUID, or the slug that stands for it. */
export const idOrSlug = z.string().min(1).max(255).meta({ description: 'UUID or slug' })

/** A moment in RFC 3339, such as `2026-11-23T07:00:00Z`. */
export const moment = z.iso.datetime({ offset: true, error: 'has to be a moment such as 2026-11-23T07:00:00Z' })

/** Tags that travel with every request: strings by name. */
export const metadata = z
  .record(z.string().min(1).max(128), z.string().max(128))
  .refine((tags) => Object.keys(tags).length <= 50, 'may hold 50 tags at most')

/** Yes or no; Portkey's clients write it as 1 or 0 too. */
export const flag = z
  .union([z.boolean(), z.literal(0), z.literal(1)], { error: 'has to be true, false, 1 or 0' })
  .transform((value) => value === true || value === 1)

/** `pc-…` of a saved config, or its id. */
export const configReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,127}$/, 'has to be the slug (pc-…) or id of a saved config')

/** In whose words a refusal is told. */
export const errorFormat = z
  .enum(['anthropic', 'portkey'])
  .meta({ description: 'In whose words its callers are refused when a budget or a rate limit stops them.' })

/** The `@slug` of a provider; the `@` may be left out. */
export const providerReference = z
  .string()
  .regex(/^@?[a-z0-9][a-z0-9_-]{0,99}$/, 'has to be the @slug of a provider')
  .transform((value) => (value.startsWith('@') ? value : `@${value}`))

/** Paging as in Portkey: pages count from 0. */
export const page = {
  current_page: z.coerce.number().int().min(0).max(1_000_000).default(0),
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
}

/** A page of things: `total` counts all of them. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.object({ object: z.literal('list'), total: z.number().int(), data: z.array(item) })
}

/** The answer of a change that has nothing to tell. */
export const Nothing = z.object({})

/** Members that many answers carry; times in RFC 3339, UTC. */
export const stamps = { created_at: z.string(), last_updated_at: z.string() }
