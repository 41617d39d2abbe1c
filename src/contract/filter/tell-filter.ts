import { writeAmount } from './amounts.ts'
import { readField, type ChoiceField, type NumberField, type TextField, type Unit } from './fields.ts'
import type { Bounds, ChoiceTerm, Filter, NumberTerm, Pattern, Term } from './filter.ts'

/** The filter as an English sentence, such as "Opus requests by Ana or Bo that failed". */
export function tellFilter({ terms }: Filter): string {
  const before = terms.flatMap((term) => (isAdjective(term) ? [tellAdjective(term)] : []))
  const parts = terms.filter((term) => !isAdjective(term)).map(tellTerm)
  // What goes on after "that" comes last, so that nothing else seems to belong to it.
  const clauses = parts.filter((part) => part.startsWith(THAT)).map((part) => part.slice(THAT.length))
  const others = parts.filter((part) => !part.startsWith(THAT))
  const noun = before.length === 0 ? 'Requests' : `${before.join(', ')} requests`
  const sentence = [noun, ...others, ...(clauses.length === 0 ? [] : [`that ${join(clauses, 'and')}`])].join(' ')
  return terms.length === 0 ? 'All requests' : capital(sentence)
}

const THAT = 'that '

type Adjective = Extract<Term, { kind: 'text' }>

function isAdjective(term: Term): term is Adjective {
  return term.kind === 'text' && (readField(term.field) as TextField).phrase === undefined
}

function tellAdjective({ any, not, field }: Adjective): string {
  const { isName = false } = readField(field) as TextField
  const said = join(
    any.map((pattern) => tellFamily(pattern) ?? tellPattern(pattern, isName)),
    'or',
  )
  return not ? `non-${said}` : said
}

/** `opus*` is a family of models. */
function tellFamily(pattern: Pattern): string | undefined {
  const [first = '', second] = pattern
  return pattern.length === 2 && second === '' && /^[a-z]+$/.test(first) ? capital(first) : undefined
}

function tellTerm(term: Term): string {
  switch (term.kind) {
    case 'search':
      return `in which “${term.words}” was said`
    case 'tag': {
      const tag = `${tellPattern([term.tag], false)} ${join(
        term.any.map((each) => tellPattern(each, false)),
        'or',
      )}`
      return term.not ? `without the tag ${tag}` : `with the tag ${tag}`
    }
    case 'text': {
      const { phrase = '{}', isName = false, prefix = '' } = readField(term.field) as TextField
      const values = join(
        term.any.map((each) => `${prefix}${tellPattern(each, isName)}`),
        'or',
      )
      return negate(
        phrase.replace('{}', () => values),
        term.not,
      )
    }
    case 'choice':
      return tellChoice(term)
    case 'number':
      return tellNumber(term)
  }
}

function tellChoice({ field, any, not }: ChoiceTerm): string {
  const { choices } = readField(field) as ChoiceField
  const phrases = any.map((choice) => choices[choice]?.[not ? 1 : 0] ?? choice)
  return `${THAT}${join(phrases, not ? 'and' : 'or')}`
}

function tellNumber({ field, any, not }: NumberTerm): string {
  const { unit, phrase } = readField(field) as NumberField
  const said = join(
    any.map((bounds) => tellBounds(bounds, unit)),
    'or',
  )
  return phrase.replace('{}', () => (not ? `not ${said}` : said))
}

function tellBounds({ from, to }: Bounds, unit: Unit): string {
  if (from === undefined) {
    return to === undefined ? 'any' : `${to.included ? 'at most' : 'less than'} ${tellAmount(to.value, unit)}`
  }
  if (to === undefined) return `${from.included ? 'at least' : 'more than'} ${tellAmount(from.value, unit)}`
  if (from.value === to.value) return tellAmount(from.value, unit)
  return `${tellAmount(from.value, unit)} to ${tellAmount(to.value, unit)}`
}

function tellAmount(value: number, unit: Unit): string {
  const [, digits = '', suffix = ''] = /^([\d.]+)(.*)$/.exec(writeAmount(value, unit)) ?? []
  if (unit === 'dollars') return `$${value < 1e6 && Number.isInteger(value * 100) ? value.toFixed(2) : digits}`
  if (unit === 'milliseconds') return `${digits} ${suffix === 'm' ? 'min' : suffix}`
  return `${digits}${suffix}`
}

function tellPattern(pattern: Pattern, isName: boolean): string {
  const said = pattern.join('…')
  if (said === '') return '“”'
  if (isName && /^[a-z]+$/.test(said)) return capital(said)
  return /[\s,]/.test(said) ? `“${said}”` : said
}

function negate(phrase: string, not: boolean): string {
  if (!not) return phrase
  if (phrase.startsWith('with ')) return `without ${phrase.slice('with '.length)}`
  const [, verb, rest] = /^that (\w+)ed (.*)$/.exec(phrase) ?? []
  if (verb === undefined || rest === undefined) return `not ${phrase}`
  return `${THAT}did not ${NOT_VERBS[verb] ?? verb} ${rest}`
}

/** Verbs whose past doubles a letter. */
const NOT_VERBS: Readonly<Record<string, string>> = { stopp: 'stop' }

function join(values: readonly string[], last: 'or' | 'and'): string {
  const end = values.at(-1) ?? ''
  return values.length < 2 ? end : `${values.slice(0, -1).join(', ')} ${last} ${end}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
