import { GatewayError } from '../../core/errors.ts'
import type { JsonDraft } from '../../core/json-draft.ts'
import type { Change, ModelCall, Platform } from '../adapter.ts'
import { type Field, type Handling, handlingOf } from './fields.ts'
import type { ModelTraits } from './models.ts'

/** A request on its way to one target: what its parts work on. */
export interface Rewriting {
  readonly call: ModelCall
  readonly platform: Platform
  /** What the target's model takes. */
  readonly model: ModelTraits
  readonly body: JsonDraft
  /** What the tables say of a field here; a field whose betas did not come along is dropped, or told in words. */
  handling(field: Field): Handling
  /** Remembers one kind of change, however often it is made. */
  note(action: Change['action'], what: string): void
  readonly changes: readonly Change[]
}

export function startRewriting(
  parts: Pick<Rewriting, 'call' | 'platform' | 'model' | 'body'>,
  lacksBeta: (field: Field) => boolean,
): Rewriting {
  const { platform, model } = parts
  const changes: Change[] = []
  const handlings = new Map<Field, Handling>()
  const decide = (field: Field): Handling => {
    const handling = handlingOf(field, platform, model)
    return handling === 'keep' && lacksBeta(field) ? (WITHOUT_BETA[field] ?? 'drop') : handling
  }
  return {
    ...parts,
    changes,
    handling(field) {
      const known = handlings.get(field) ?? decide(field)
      handlings.set(field, known)
      return known
    },
    note(action, what) {
      if (!changes.some((change) => change.action === action && change.what === what)) changes.push({ action, what })
    },
  }
}

/** What becomes of a field whose beta stays behind, where dropping would break the request. */
const WITHOUT_BETA: Partial<Record<Field, Handling>> = { tool_reference: 'text', 'tools[].type tool search': 'refuse' }

/** The API's own words for a field it does not know; Claude Code then drops the field it can do without, and goes on. */
export function notPermitted(path: string): GatewayError {
  return new GatewayError('target.incapable', `${path}: Extra inputs are not permitted`)
}

/** A feature that this target does not have. */
export function notThere(path: string, feature: string, platform: Platform): GatewayError {
  return new GatewayError(
    'target.incapable',
    `${path}: ${feature} is not available on this provider (${platform}). Use a provider that has it, or leave it out.`,
  )
}
