import type { RecordRules } from '../../core/record-rules.ts'
import type { Added, Mask } from '../segments/chapter-index.ts'
import type { MaskedRange } from './body-reader.ts'
import type { Opening, Turn } from './body-protocol.ts'

/** What has to be understood of content while it is kept: what to mask, and what a turn says. */
export interface Contents {
  /** Undefined where nothing is masked. */
  maskOf(rules: RecordRules): Mask | undefined
  /** An answer, an error or an envelope, masked where the rules say so. As long as before. */
  maskAnswer(rules: RecordRules, bytes: Buffer): { readonly bytes: Buffer; readonly masked: readonly MaskedRange[] }
  beginTurn(opening: Opening, body: Buffer, added: Added): TurnDraft
}

/** What is known of a turn before its answer. */
export interface TurnDraft {
  /** `answer` is undefined when it was dropped. */
  end(answer: Buffer | undefined): Turn
}

/** TEMP until masking and turns land. */
export const contents: Contents = {
  maskOf: () => undefined,
  maskAnswer: (_rules, bytes) => ({ bytes, masked: [] }),
  beginTurn: ({ exchangeId, scope, receivedAt, shelf }, _body, added) => ({
    end: () => ({
      scope,
      receivedAt,
      shelf,
      facts: {
        exchangeId,
        freshBytes: added.fresh.length,
        messages: 0,
        firstChangedMessage: undefined,
        toolsHash: undefined,
        systemHash: undefined,
        preview: undefined,
        title: undefined,
        toolsCalled: [],
      },
    }),
  }),
}
