import type { z } from 'zod'
import type { FeedbackKept } from '../../contract/feedback.ts'

export function tellKept(kept: readonly { readonly id: string }[]): z.output<typeof FeedbackKept> {
  const ids = kept.map(({ id }) => id)
  return { status: 'success', message: 'Feedback successfully saved', feedback_ids: ids, feedback_id: [...ids] }
}
