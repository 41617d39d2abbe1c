import type { Budget, RateLimit } from '../../limits/limit.ts'
import type { Caller } from '../exchange.ts'
import type { OrganisationVoice } from '../parts.ts'

/* What refusals of budgets and of rate limits have in common. */

export interface RefusalContext {
  readonly caller: Pick<Caller, 'errorFormat'>
  readonly organisation: OrganisationVoice
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Whether another target may serve where this limit stops a call. */
export function isOfTarget({ level }: Budget | RateLimit): boolean {
  return level === 'provider' || level === 'integration'
}

/** Whoever may give more. */
export function whomToAsk({ contact }: OrganisationVoice): string {
  return contact ?? 'whoever runs the gateway'
}

/** A sentence may begin with the words for whose limit it is. */
export function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
