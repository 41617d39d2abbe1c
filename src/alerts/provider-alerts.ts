import type { AlertSubject } from '../store/alert-subjects.ts'
import { sayMoment, type Alert } from './alert.ts'

/** Of a circuit what is told; routing/breaker.ts says when one opens. Times are milliseconds since the epoch. */
export interface OpenCircuit {
  readonly providerId: string
  readonly model: string
  readonly state: 'closed' | 'open' | 'half-open'
  readonly failures: number
  readonly requests: number
  readonly openedAt: number | undefined
}

/** A circuit that closes and opens again and again is one event within this time. */
const QUIET_MS = 3_600_000

/** Finds circuits that have opened and were not told of in the last hour. What is returned counts as told. */
export function createCircuitWatch(): (circuits: readonly OpenCircuit[], now: number) => readonly OpenCircuit[] {
  /** By provider and model: since when it is open, as far as this watch knows, and when that was told. */
  const seen = new Map<string, { openedAt: number; toldAt: number }>()

  return function look(circuits, now) {
    const opened: OpenCircuit[] = []
    for (const [name, { toldAt }] of seen) if (now - toldAt > DAY_MS) seen.delete(name)
    for (const circuit of circuits) {
      if (circuit.openedAt === undefined) continue
      const name = `${circuit.providerId} ${circuit.model}`
      const before = seen.get(name)
      // The moment of opening is worked out anew with every look and may differ by the rounding.
      if (before !== undefined && Math.abs(before.openedAt - circuit.openedAt) <= 1_000) continue
      if (before !== undefined && now - before.toldAt < QUIET_MS) {
        before.openedAt = circuit.openedAt
        continue
      }
      seen.set(name, { openedAt: circuit.openedAt, toldAt: now })
      opened.push(circuit)
    }
    return opened
  }
}

const DAY_MS = 86_400_000

export function providerFailing(circuit: OpenCircuit, provider: AlertSubject, now: number): Alert {
  const openedAt = circuit.openedAt ?? now
  return {
    kind: 'provider.failing',
    identity: `${circuit.providerId} ${circuit.model} ${openedAt}`,
    organisationId: provider.organisationId,
    workspaceId: provider.workspaceId,
    at: now,
    severity: 'critical',
    title: `The ${provider.name} is failing`,
    text: `The ${provider.name} failed ${circuit.failures} of the last ${circuit.requests} calls to ${circuit.model}, and is left alone since ${sayMoment(openedAt)} until a call succeeds. Configs with another target go on there.`,
    data: {
      provider_id: circuit.providerId,
      provider: provider.name,
      model: circuit.model,
      failures: circuit.failures,
      requests: circuit.requests,
      opened_at: new Date(openedAt).toISOString(),
    },
    addresses: [],
  }
}
