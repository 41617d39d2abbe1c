import type { LookupFunction } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { ThresholdEvent } from '../limits/thresholds.ts'
import type { Vault } from '../credentials/vault.ts'
import type { AlertChannel } from '../store/alert-channels.ts'
import { findLimited } from '../store/alert-subjects.ts'
import type { Database } from '../store/database.ts'
import type { AlertPayload } from './alert.ts'
import { budgetReached } from './budget-alerts.ts'
import { createEmailDelivery } from './deliver-email.ts'
import { createWebhookDelivery } from './deliver-webhook.ts'
import { modelUnpriced, watchPrices, type PricedExchange } from './model-alerts.ts'
import { createOutbox } from './outbox.ts'
import type { Receipt } from './receipt.ts'
import { createSender } from './sender.ts'
import { startWatch, type WatchParts } from './watch.ts'

/** Tells people what they asked to hear of. Nothing here makes a request wait, or fails one. */
export interface Alerts {
  /** For `createBudgets({ onThreshold })`. */
  budgetReached(event: ThresholdEvent): void
  /** A recorder that also notices models without a price. */
  watchPrices<Row extends PricedExchange>(recorder: { record(row: Row): void }): { record(row: Row): void }
  /** Sends a test through a channel, now and once; or says how long to wait, when it has had one just now. */
  test(channel: AlertChannel): Promise<Receipt> | { readonly waitMs: number }
  /** Whether the operator has named a mail server. */
  readonly canMail: boolean
  /** Begins to look at circuits, books, keys and budgets. */
  watch(sources: AlertSources): void
  /** Resolves when nothing is under way and nothing is due. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** What is looked at again and again; watch.ts says what each member means. */
export type AlertSources = Pick<WatchParts, 'circuits' | 'books' | 'find' | 'budgets'>

export interface AlertsParts {
  readonly clock: Clock
  readonly db: Database
  readonly organisationId: string
  readonly vault: Pick<Vault, 'open'>
  readonly trustedHosts: readonly string[]
  /** Resolves names and leaves out private addresses, for hosts that nobody vouches for. */
  readonly lookup: LookupFunction
  /** PORTCULLIS_SMTP_URL and PORTCULLIS_SMTP_FROM. */
  readonly mailServer: { readonly url: string; readonly from: string } | undefined
  readonly version: string
  readonly report: (message: string, problem: unknown) => void
}

/** The test button is no way to fill somebody's mailbox. */
const TEST_PAUSE_MS = 10_000

/** Goes on with what the last process left undelivered. */
export function openAlerts(parts: AlertsParts): Alerts {
  const { clock, db, organisationId, vault, trustedHosts, lookup, mailServer, version, report } = parts
  const webhooks = createWebhookDelivery({ clock, trustedHosts, lookup })
  const email = mailServer && createEmailDelivery({ clock, ...mailServer })
  const sender = createSender({ clock, vault, webhooks, email, version })
  const { tell, ...outbox } = createOutbox({ clock, db, organisationId, sender, report })
  const closing = new AbortController()
  const tested = new Map<string, number>()
  let watching: ReturnType<typeof startWatch> | undefined

  return {
    budgetReached(event) {
      const now = clock.now()
      tell(async () => {
        const of = await findLimited(db, event.budget.id)
        return of && budgetReached(event, of, now)
      })
    },
    watchPrices: (recorder) =>
      watchPrices(recorder, (model) => {
        const now = clock.now()
        tell(async () => modelUnpriced(model, now))
      }),
    test(channel) {
      const now = clock.now()
      for (const [id, at] of tested) if (now - at >= TEST_PAUSE_MS) tested.delete(id)
      const before = tested.get(channel.id)
      if (before !== undefined) return { waitMs: before + TEST_PAUSE_MS - now }
      tested.set(channel.id, now)
      return sender.toChannel(channel, JSON.stringify(testOf(channel, now)), closing.signal)
    },
    canMail: email !== undefined,
    watch(sources) {
      watching ??= startWatch({ clock, db, organisationId, tell, report, ...sources })
    },
    async settle() {
      await watching?.settle()
      await outbox.settle()
    },
    async close() {
      closing.abort()
      await watching?.stop()
      await outbox.close()
      await webhooks.close()
    },
  }
}

function testOf({ name, organisationId, workspaceId }: AlertChannel, now: number): AlertPayload {
  return {
    id: newId<'delivery'>(now),
    type: 'test',
    created_at: new Date(now).toISOString(),
    severity: 'info',
    title: 'A test of Portcullis',
    text: `This is a test of the channel “${name}”. Alerts will arrive here like this.`,
    organisation_id: organisationId,
    workspace_id: workspaceId ?? null,
    data: {},
  }
}
