import { compileRules } from '../../core/masking/compile.ts'
import type { Finder } from '../../core/masking/finder.ts'
import type { RecordRules } from '../../core/record-rules.ts'
import { createMask } from '../masking/create-mask.ts'
import { type MaskedAnswer, maskAnswer } from '../masking/mask-answer.ts'
import type { Added, Mask } from '../segments/chapter-index.ts'
import { createTurnReader } from '../turns/turn-reader.ts'
import type { Opening, Turn } from './body-protocol.ts'

/** What has to be understood of content while it is kept: what to mask, and what a turn says. */
export interface Contents {
  /** Undefined where nothing is masked. */
  maskOf(rules: RecordRules): Mask | undefined
  /** An answer, an error or an envelope, masked where the rules say so. As long as before. */
  maskAnswer(rules: RecordRules, bytes: Buffer): MaskedAnswer
  beginTurn(opening: Opening, body: Buffer, added: Added): TurnDraft
}

/** What is known of a turn before its answer. */
export interface TurnDraft {
  /** `answer` is as it is kept, so masked where content is; undefined when it was dropped. */
  end(answer: Buffer | undefined): Turn
}

/** Sets of rules that are compiled at a time; an organisation has a few. */
const COMPILED_MAX = 100

export function createContents(): Contents {
  const compiled = new Map<string, readonly Finder[]>()
  const turns = createTurnReader()

  return {
    maskOf: (rules) => (rules.content === 'masked' ? createMask(findersOf(rules)) : undefined),
    maskAnswer: (rules, bytes) =>
      rules.content === 'masked' ? maskAnswer(bytes, findersOf(rules)) : { bytes, masked: [] },
    beginTurn(opening, body, added) {
      const { scope, receivedAt, shelf } = opening
      const turn = turns.begin(opening, body, added)
      return { end: (answer) => ({ scope, receivedAt, shelf, facts: turn.end(answer) }) }
    },
  }

  function findersOf({ masking }: RecordRules): readonly Finder[] {
    const name = JSON.stringify(masking)
    let finders = compiled.get(name)
    if (finders === undefined) {
      finders = compileRules(masking)
      if (compiled.size === COMPILED_MAX) compiled.clear()
      compiled.set(name, finders)
    }
    return finders
  }
}
