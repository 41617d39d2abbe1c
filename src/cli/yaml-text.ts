/**
 * A JSON value as YAML 1.2: mappings and lists by indentation, everything else as JSON writes it, which YAML reads the same. Plain words go without
 * quotes.
 */
export function writeYaml(value: unknown): string {
  return `${block(value, 0).replace(/^\n/, '')}\n`
}

/** What stands behind a name: on the same line, or on lines of its own. */
function block(value: unknown, depth: number): string {
  const margin = '\n' + '  '.repeat(depth)
  if (Array.isArray(value) && value.length > 0) {
    return value.map((item: unknown) => `${margin}- ${hang(block(item, depth + 1))}`).join('')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => `${margin}${scalar(name)}:${lead(block(inner, depth + 1))}`)
      .join('')
  }
  return scalar(value)
}

/** The first member of a thing in a list stands behind the dash. */
function hang(text: string): string {
  return text.replace(/^\n\s*/, '')
}

function lead(text: string): string {
  return text.startsWith('\n') ? text : ` ${text}`
}

/** Letters first, so that nothing is taken for a number, a date or a sign of YAML. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*$/
const WORDS_WITH_A_MEANING = /^(?:true|false|null|yes|no|on|off|y|n)$/i

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return PLAIN.test(value) && !WORDS_WITH_A_MEANING.test(value) ? value : JSON.stringify(value)
}
