import { budgetTwin, rateTwin, type WantedBudget, type WantedRate } from '../../contract/limits.ts'
import { newId } from '../../core/ids.ts'
import type { Database } from '../../store/database.ts'
import {
  deleteLimits,
  insertLimit,
  listLimits,
  updateLimit,
  type LimitSubject,
  type LimitTerms,
  type StoredLimit,
} from '../../store/limits.ts'
import { isAdministrator, type AdminCaller } from '../caller.ts'
import { forbidden } from '../error.ts'

/** What is limited, and where it lives. */
export interface Limited extends LimitSubject {
  readonly organisationId: string
  /** Undefined for what stands above workspaces. */
  readonly workspaceId: string | undefined
}

/** What a request says about limits: left out stays, null clears, an array replaces. */
export interface WantedLimits {
  readonly usage_limits?: readonly WantedBudget[] | null | undefined
  readonly rate_limits?: readonly WantedRate[] | null | undefined
  readonly reset_usage?: boolean | undefined
}

/**
 * Sets the limits of one subject, inside the caller's transaction. A limit with the type and period of one that is there takes its place, so
 * that what was counted still counts; `reset_usage` begins all budgets anew. Throws AB03 for callers who may not.
 */
export async function setLimits(
  tx: Database,
  caller: AdminCaller,
  limited: Limited,
  { usage_limits: budgets, rate_limits: rates, reset_usage: anew = false }: WantedLimits,
  now: number,
): Promise<void> {
  if (budgets === undefined && rates === undefined && !anew) return
  requireRight(caller, limited)
  const before = await listLimits(tx, limited.level, [limited.subjectId])
  if (budgets !== undefined) await replace(tx, limited, ofKind(before, 'budget'), budgets ?? [], now)
  if (rates !== undefined) await replace(tx, limited, ofKind(before, 'rate'), rates ?? [], now)
  if (anew) for (const { id } of ofKind(before, 'budget')) await updateLimit(tx, id, { since: now }, now)
}

/**
 * Above keys and providers only administrators set limits. Those of a workspace's keys and providers are set by whoever manages it, but by no
 * person for their own key.
 */
function requireRight(caller: AdminCaller, { level }: Limited): void {
  if (isAdministrator(caller)) return
  if (level !== 'key' && level !== 'provider') {
    throw forbidden(
      'Only administrators of the organisation set these limits. Leave out usage_limits, rate_limits and reset_usage.',
    )
  }
  const manages =
    caller.kind === 'workspace-service' || (caller.kind === 'session' && caller.scopes.has('policies.update'))
  if (!manages) {
    throw forbidden(
      'Nobody sets limits for themselves. Ask whoever manages this workspace, or leave out usage_limits, rate_limits and reset_usage.',
    )
  }
}

function ofKind(limits: readonly StoredLimit[], kind: LimitTerms['kind']): readonly StoredLimit[] {
  return limits.filter(({ terms }) => terms.kind === kind)
}

async function replace(
  tx: Database,
  limited: Limited,
  before: readonly StoredLimit[],
  wanted: readonly LimitTerms[],
  now: number,
): Promise<void> {
  const there = new Map(before.map((limit) => [twinName(limit.terms), limit]))
  for (const terms of wanted) {
    const twin = there.get(twinName(terms))
    there.delete(twinName(terms))
    if (twin !== undefined) await updateLimit(tx, twin.id, { terms }, now)
    else {
      const id = newId<'limit'>(now)
      await insertLimit(tx, { ...limited, id, terms, since: now, createdAt: now, updatedAt: now })
    }
  }
  await deleteLimits(
    tx,
    [...there.values()].map(({ id }) => id),
  )
}

function twinName(terms: LimitTerms): string {
  return terms.kind === 'budget' ? budgetTwin(terms) : rateTwin(terms)
}
