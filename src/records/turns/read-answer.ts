import {
  elementsOf,
  JsonError,
  knownEnds,
  type Member,
  membersOf,
  readNestedString,
  scanTopLevel,
} from '../../core/json.ts'
import { readWrittenText } from '../masking/read-written-text.ts'
import { viewText } from '../masking/text-view.ts'
import { dataOf } from '../stream-data.ts'
import { oneLine } from './preview.ts'

/** Names that an answer may call; what goes beyond is no answer of a model. */
const TOOLS_MAX = 100
const NAME_LENGTH_MAX = 128
/** A title is a line. */
const TITLE_BYTES_MAX = 4_096

const BLOCK_START = Buffer.from('"content_block_start"')
const BRACE = 0x7b

/** The tools that an answer calls, each once, in order; from a stream or from one message. */
export function toolsCalledIn(answer: Buffer): string[] {
  const names = new Set<string>()
  for (const block of blocksOf(answer)) {
    if (!/^(?:server_|mcp_)?tool_use$/.test(textOf(answer, block, 'type') ?? '')) continue
    const name = oneLine(textOf(answer, block, 'name') ?? '')
    if (name !== undefined && name.length <= NAME_LENGTH_MAX && names.size < TOOLS_MAX) names.add(name)
  }
  return [...names]
}

/** The title that an answer gives: `{"title":"…"}`, in the first of its texts. */
export function titleIn(answer: Buffer): string | undefined {
  const text = firstTextOf(answer)
  if (text === undefined || text.length > TITLE_BYTES_MAX) return undefined
  try {
    const { title } = JSON.parse(text) as { readonly title?: unknown }
    return typeof title === 'string' && title !== '' ? title : undefined
  } catch {
    return undefined
  }
}

/** The members of each block that the answer begins. */
function* blocksOf(answer: Buffer): Generator<readonly Member[]> {
  const ends = knownEnds()
  if (answer[0] === BRACE) {
    for (const { start } of tried(() =>
      elementsOf(answer, scanTopLevel(answer).find('content')?.valueStart ?? 0, ends),
    ) ?? []) {
      yield membersOf(answer, start, ends)
    }
    return
  }
  for (const { start, end } of dataOf(answer)) {
    // What has a name has it in its first bytes; the input of a tool comes later, in pieces.
    const at = answer.indexOf(BLOCK_START, start)
    if (at === -1) return
    if (at >= end) continue
    const event = answer.subarray(0, end)
    const block = tried(() => {
      const holder = named(membersOf(event, start, knownEnds()), 'content_block')
      return holder && membersOf(event, holder.valueStart, knownEnds())
    })
    if (block !== undefined) yield block
  }
}

function firstTextOf(answer: Buffer): string | undefined {
  if (answer[0] === BRACE) {
    for (const block of blocksOf(answer)) if (named(block, 'text') !== undefined) return textOf(answer, block, 'text')
    return undefined
  }
  for (const pieces of readWrittenText(answer)) {
    const text = pieces.map(({ start, end }) => viewText(answer, start, end, true).text).join('')
    if (text.trimStart().startsWith('{')) return text
  }
  return undefined
}

function textOf(answer: Buffer, block: readonly Member[], name: string): string | undefined {
  const member = named(block, name)
  return member && tried(() => readNestedString(answer, member.valueStart))
}

function named(members: readonly Member[], name: string): Member | undefined {
  return members.findLast((member) => member.name === name)
}

/** What is broken says nothing. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
