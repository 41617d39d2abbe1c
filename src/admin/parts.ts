import type { Clock } from '../core/clock.ts'
import type { KeyMaker } from '../credentials/api-key.ts'
import type { Vault } from '../credentials/vault.ts'
import type { BucketState } from '../limits/budgets.ts'
import type { Bucket, Lane, Purse } from '../limits/limit.ts'
import type { AlertChannel } from '../store/alert-channels.ts'
import type { BodyReader, BodyRemover } from '../records/bodies/body-reader.ts'
import type { HandIn } from '../records/hand-in.ts'
import type { Store } from '../store/database.ts'
import type { Identity } from './caller.ts'
import type { ExportRunner } from './exports/run-exports.ts'

/** Everything the control plane needs; app.ts decides what stands behind it. */
export interface AdminParts {
  readonly clock: Clock
  readonly store: Store
  readonly directory: AdminDirectory
  /** Opened here only to seal the rest again beside a secret that changed; what comes in is never shown again. */
  readonly vault: Vault
  readonly keys: KeyMaker
  /** Hosts an operator vouches for, from TRUSTED_CUSTOM_HOSTS. */
  readonly trustedHosts: readonly string[]
  /** Of the gateway, such as `0.1.0`. */
  readonly version: string
  /** Where developers reach the gateway, such as `https://claude.example.com`; no slash at the end. */
  publicUrl(): string
  /** What a developer pastes into Claude Code's settings file, for a gateway's address and a key. */
  settingsText(url: string, key: string): string
  /** Resolves when every exchange that has ended can be read from the store. */
  flushRecords(): Promise<void>
  /** What was kept of requests and answers. */
  readonly bodies: BodyReader & BodyRemover
  /** Takes records of calls that were made without the gateway. */
  readonly handIn: HandIn
  /** Writes exports of records; exports/run-exports.ts. */
  readonly exports: Pick<ExportRunner, 'folder' | 'pathOf' | 'wake' | 'sweep'>
  /** The circuits of every provider; routing/breaker.ts says when one opens. */
  circuits(): readonly CircuitStatus[]
  readonly limits: LimitStates
  /** What would become of a call with the key of this hash; the data plane plans it as it plans calls. */
  preview(keyHash: string, asked: AskedCall): PreviewedCall
  readonly alerts: AlertTests
  /** Forgets the cached answers of a workspace and says how many lay in the store. */
  forgetAnswers(workspaceId: string): Promise<number>
  /** Told of failures that nobody expected; the caller hears only that there was one. */
  report(problem: unknown): void
}

export interface AskedCall {
  readonly model: string | undefined
  /** `@slug`, as in the header x-portkey-provider. */
  readonly provider: string | undefined
}

/** A call that nobody makes; gateway/preview-call.ts says what each member means. */
export type PreviewedCall =
  | { readonly state: 'administrative' | 'revoked' | 'suspended' | 'expired' | 'unknown' }
  | {
      readonly state: 'active'
      readonly metadata: Readonly<Record<string, string>>
      readonly call: {
        readonly configId: string | undefined
        readonly targets: readonly PreviewedTarget[]
        readonly refusal: Refused | undefined
      }
    }

export interface PreviewedTarget {
  readonly path: string
  readonly serves:
    | {
        readonly providerId: string
        readonly providerSlug: string
        readonly model: string
        readonly wireModel: string
        readonly purses: readonly Purse[]
        readonly lanes: readonly Lane[]
      }
    | undefined
  readonly refusal: Refused | undefined
}

export interface Refused {
  readonly code: string
  readonly message: string
}

/** The test button of channels. */
export interface AlertTests {
  /** Whether the operator has named a mail server. */
  readonly canMail: boolean
  /** Sends a test, now and once; or says how many milliseconds to wait, when this channel has had one just now. */
  test(channel: AlertChannel): Promise<AlertReceipt> | { readonly waitMs: number }
}

/** What came of one try to deliver; alerts/receipt.ts says what each member means. */
export interface AlertReceipt {
  readonly delivered: boolean
  readonly status: number | undefined
  readonly said: string
  readonly error: string | undefined
}

/** How budgets stand now. */
export interface LimitStates {
  /** Of a limit's only bucket, or of one of a policy's; undefined for what is no budget in force. */
  state(limitId: string, bucket?: Bucket): BucketState | undefined
  /** Every bucket of a limit that has been used in the running period. */
  buckets(limitId: string): readonly Bucket[]
}

/** One model of one provider, and whether calls are kept away from it. Times are milliseconds since the epoch. */
export interface CircuitStatus {
  readonly providerId: string
  readonly model: string
  readonly state: 'closed' | 'open' | 'half-open'
  readonly failures: number
  readonly requests: number
  readonly openedAt: number | undefined
  readonly retryAt: number | undefined
}

/** The picture of keys, providers and prices that the data plane works with. */
export interface AdminDirectory {
  /** Who holds a key, or undefined when it is unknown, revoked or expired. In memory: called before a body is read. */
  adminCaller(secret: string): Identity | undefined
  /** Resolves when every change made before the call is in the picture. */
  refresh(): Promise<void>
}
