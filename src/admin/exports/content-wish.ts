import { CONTENT_SCOPE } from '../../contract/scopes.ts'
import { seesOnlyOwn, type AdminCaller } from '../caller.ts'
import { forbidden, invalid } from '../error.ts'
import type { readWish } from './export-document.ts'

type Wish = Pick<ReturnType<typeof readWish>, 'holdsContent'>

/** Whether the caller may have content in an export at all: its own, or that of others by right. */
export function mayAskForContent(caller: AdminCaller): boolean {
  return seesOnlyOwn(caller) || caller.scopes.has(CONTENT_SCOPE)
}

export function requireContentRight(caller: AdminCaller, { holdsContent }: Wish): void {
  if (!holdsContent || mayAskForContent(caller)) return
  throw forbidden(`requested_data: What other people wrote can be exported with the scope ${CONTENT_SCOPE} only.`)
}

/** What others wrote is opened with the start, by whoever starts it. */
export function requireContentReason(caller: AdminCaller, wish: Wish): void {
  requireContentRight(caller, wish)
  if (!wish.holdsContent || seesOnlyOwn(caller) || caller.origin.reason !== undefined) return
  throw invalid(
    'x-portcullis-reason: is required to export what other people wrote; they will see it with your name in their sessions',
  )
}
