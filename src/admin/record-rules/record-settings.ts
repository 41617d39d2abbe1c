import type { z } from 'zod'
import type { RecordSettings as Written, ShownRecords } from '../../contract/records.ts'
import type { RecordSettings } from '../../core/record-rules.ts'

/** What a level says, as it was written. Null says nothing. */
export function readSettings(written: z.output<typeof Written> | null): RecordSettings {
  const { content, content_days: contentDays, masking, searchable } = written ?? {}
  return {
    ...(isSaid(content) && { content }),
    ...(isSaid(contentDays) && { contentDays }),
    ...(isSaid(masking) && {
      masking: masking.map(({ name, pattern }) => (pattern === undefined ? { name } : { name, pattern })),
    }),
    ...(isSaid(searchable) && { searchable }),
  }
}

export function showSettings({
  content,
  contentDays,
  masking,
  searchable,
}: RecordSettings): z.output<typeof ShownRecords> {
  return {
    ...(content !== undefined && { content }),
    ...(contentDays !== undefined && { content_days: contentDays }),
    ...(masking !== undefined && { masking: masking.map((rule) => ({ ...rule })) }),
    ...(searchable !== undefined && { searchable }),
  }
}

function isSaid<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}
