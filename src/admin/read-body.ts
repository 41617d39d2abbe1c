import { invalid } from './error.ts'

/** Bytes of a request to the control plane; the largest honest one is a price table of about 100 KB. */
export const BODY_BYTES_MAX = 1_048_576

const DEPTH_MAX = 32

/** Reads a JSON body. Nothing at all counts as no body: clients send `content-type: application/json` with a bare DELETE. */
export function readBody(text: string): unknown {
  if (text.trim() === '') return undefined
  if (depthOf(text) > DEPTH_MAX) throw invalid(`The body nests deeper than ${DEPTH_MAX} levels.`)
  let value: unknown
  try {
    value = JSON.parse(text, refusePrototype)
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid('The body is not valid JSON.')
    throw error
  }
  return value
}

/** Counts brackets outside strings, before anything is built from them. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}

/** `__proto__` as a name means something to the language and nothing to anybody honest. */
function refusePrototype(name: string, value: unknown): unknown {
  if (name === '__proto__') throw invalid('The body may not hold a member named __proto__.')
  return value
}
