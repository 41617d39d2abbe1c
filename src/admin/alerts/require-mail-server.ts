import { invalid } from '../error.ts'
import type { AdminParts } from '../parts.ts'

/** Refuses a channel whose alerts would all stay lying about. */
export function requireMailServer({ alerts }: Pick<AdminParts, 'alerts'>): void {
  if (alerts.canMail) return
  throw invalid(
    'kind: this gateway has no mail server; its operator can name one in PORTCULLIS_SMTP_URL and PORTCULLIS_SMTP_FROM',
  )
}
