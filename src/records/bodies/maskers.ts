import { compileRules } from '../../core/masking/compile.ts'
import type { Finder } from '../../core/masking/finder.ts'
import type { RecordRules } from '../../core/record-rules.ts'
import { createMask } from '../masking/create-mask.ts'
import { type MaskedAnswer, maskAnswer } from '../masking/mask-answer.ts'
import type { Mask } from '../segments/chapter-index.ts'

/** What is masked of content, by the rules of its exchange. Rules that cannot be read throw: then nothing is kept, and not everything. */
export interface Maskers {
  /** For requests; undefined where nothing is masked. */
  maskOf(rules: RecordRules): Mask | undefined
  /** An answer, an error or an envelope. As long as before. */
  maskAnswer(rules: RecordRules, bytes: Buffer): MaskedAnswer
}

/** Sets of rules that are compiled at a time; an organisation has a few. */
const COMPILED_MAX = 100

export function createMaskers(): Maskers {
  const compiled = new Map<string, readonly Finder[]>()

  return {
    maskOf: (rules) => (rules.content === 'masked' ? createMask(findersOf(rules)) : undefined),
    maskAnswer: (rules, bytes) =>
      rules.content === 'masked' ? maskAnswer(bytes, findersOf(rules)) : { bytes, masked: [] },
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
