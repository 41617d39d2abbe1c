import {
  JsonError,
  type KnownEnds,
  type Member,
  type TopLevel,
  elementsOf,
  knownEnds,
  membersOf,
  readNestedString,
} from '../core/json.ts'

/*
 * A body names the model that it is for, and Anthropic lets it name more of them: `fallbacks`, which take over when the first one declines, and the
 * advisor, a tool that is a model. Whoever may not use a model, or has no budget for it, must not get to it that way.
 */

/** A model besides the one that a body is for. */
export interface OtherModel {
  readonly kind: 'fallback' | 'advisor'
  /** `UNNAMED` when the provider chooses it, or when it cannot be read. */
  readonly model: string
}

/** No list allows it, no policy knows it, and no price is listed for it, so it costs as much as the dearest. */
export const UNNAMED = 'a model of the provider’s choice'

/** Further ones of a list are as good as unnamed. */
const OTHERS_MAX = 16

/** A tool that is a model has a date in its type, which no tool of a client's own has there. */
const ADVISOR = /^advisor_\d/

/** Never throws: what cannot be read is unnamed. */
export function readOtherModels(bytes: Buffer, members: TopLevel): readonly OtherModel[] {
  const fallbacks = members.find('fallbacks')
  const tools = members.find('tools')
  return [
    ...(fallbacks === undefined ? [] : readFallbacks(bytes, fallbacks)),
    ...(tools === undefined || !mayAdvise(bytes, tools) ? [] : readAdvisors(bytes, tools)),
  ]
}

function readFallbacks(bytes: Buffer, list: Member): readonly OtherModel[] {
  const unnamed: OtherModel = { kind: 'fallback', model: UNNAMED }
  const word = bytes.toString('latin1', list.valueStart, list.valueStart + 4)
  if (word === 'null') return []
  if (!word.startsWith('[')) return [unnamed]
  return readEach(bytes, list, unnamed, (start, ends) => {
    const model = readNestedString(bytes, start) ?? textOf(membersOf(bytes, start, ends), 'model', bytes)
    return { kind: 'fallback', model: model ?? UNNAMED }
  })
}

function readAdvisors(bytes: Buffer, list: Member): readonly OtherModel[] {
  return readEach(bytes, list, { kind: 'advisor', model: UNNAMED }, (start, ends) => {
    const tool = membersOf(bytes, start, ends)
    const isAdvisor = ADVISOR.test(textOf(tool, 'type', bytes) ?? '')
    return isAdvisor ? { kind: 'advisor', model: textOf(tool, 'model', bytes) ?? UNNAMED } : undefined
  })
}

function readEach(
  bytes: Buffer,
  list: Member,
  unreadable: OtherModel,
  read: (start: number, ends: KnownEnds) => OtherModel | undefined,
): readonly OtherModel[] {
  const others: OtherModel[] = []
  try {
    const ends = knownEnds()
    for (const { start } of elementsOf(bytes, list.valueStart, ends)) {
      const other = read(start, ends)
      if (other !== undefined) others.push(other)
      if (others.length > OTHERS_MAX) return [...others.slice(0, OTHERS_MAX), unreadable]
    }
    return others
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    return [...others, unreadable]
  }
}

/** A cheap look before an exact one: most bodies have dozens of tools and no advisor. */
function mayAdvise(bytes: Buffer, { valueStart, valueEnd }: Member): boolean {
  const tools = bytes.subarray(valueStart, valueEnd)
  return tools.includes('advisor_') || tools.includes('\\u00')
}

function textOf(members: readonly Member[], name: string, bytes: Buffer): string | undefined {
  const member = members.findLast((each) => each.name === name)
  return member === undefined ? undefined : readNestedString(bytes, member.valueStart)
}
