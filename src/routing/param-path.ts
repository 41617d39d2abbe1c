import type { ParamPath } from './routing-config.ts'

/** A name, or an index, `*` or a quoted name in brackets; with whatever stands between it and the one before. */
const STEP = /(?:^|(?<=.)\.)([^.[\]"']+)|\[(?:(\d{1,9}|\*)|"([^"]*)"|'([^']*)')\]/y

/** Nobody nests deeper by hand. */
const STEPS_MAX = 32

/**
 * Reads `messages[*].cache_control` as `['messages', '*', 'cache_control']`: names with dots between them, indices and `*` in brackets, names
 * that hold dots quoted in brackets. Undefined for anything else.
 */
export function readParamPath(text: string): ParamPath | undefined {
  const steps: (string | number)[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const found = STEP.exec(text)
    if (found === null || steps.length === STEPS_MAX) return undefined
    const [, name, bracketed, doubleQuoted, singleQuoted] = found
    if (bracketed !== undefined && bracketed !== '*') steps.push(Number(bracketed))
    else steps.push(name ?? bracketed ?? doubleQuoted ?? singleQuoted ?? '')
  }
  return typeof steps[0] === 'string' && steps[0] !== '*' ? steps : undefined
}
