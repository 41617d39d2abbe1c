import { z } from 'zod'

/*
 * What the schemas say where they have no words of their own: a sentence that goes on from the name of the member, like all
 * others, instead of the library's. For every schema, because one cannot forget a setting that is made once.
 */
z.config({ customError: (issue) => tell(issue) })

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

/** Undefined leaves it to the library. */
function tell(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const noun = NOUNS[issue.expected]
      if (noun === undefined) return undefined
      return issue.input === undefined ? `is required and has to be ${noun}` : `has to be ${noun}`
    }
    case 'invalid_value':
      return `has to be ${tellChoice(issue.values.map(String))}`
    case 'too_small':
      return tellBound(issue.origin, Number(issue.minimum), 'at least')
    case 'too_big':
      return tellBound(issue.origin, Number(issue.maximum), 'at most')
    default:
      return undefined
  }
}

/** `a, b or c` */
function tellChoice(values: readonly string[]): string {
  const last = values.at(-1) ?? ''
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`
}

function tellBound(origin: string, bound: number, side: 'at least' | 'at most'): string | undefined {
  if (origin === 'number' || origin === 'int') return `has to be ${side} ${bound}`
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'entry' : undefined
  if (unit === undefined) return undefined
  if (bound === 1 && side === 'at least') return 'may not be empty'
  const plural = unit === 'entry' ? 'entries' : 'characters'
  return `has to have ${side} ${bound} ${bound === 1 ? unit : plural}`
}
