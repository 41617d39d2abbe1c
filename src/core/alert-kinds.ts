/** What somebody may be told of. docs/guide/alerts.md says when each comes. */
export const ALERT_KINDS = [
  'budget.threshold',
  'budget.exhausted',
  'budget.forecast',
  'key.expiring',
  'key.rotation_due',
  'provider.failing',
  'model.unpriced',
  'books.failing',
] as const

export type AlertKind = (typeof ALERT_KINDS)[number]

/** Where alerts go: signed JSON, a Slack-compatible incoming webhook, or a mailbox. */
export const CHANNEL_KINDS = ['webhook', 'slack', 'email'] as const

export type ChannelKind = (typeof CHANNEL_KINDS)[number]
