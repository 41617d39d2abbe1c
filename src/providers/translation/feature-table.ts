import { BETAS, type BetaFate } from './betas.ts'
import { FIELDS, type Field, type FieldRule, type ForModels, type Handling } from './fields.ts'
import { BODY_BYTES_MAX, NARROWER_PLATFORMS, type NarrowerPlatform } from './platforms.ts'
import { SOURCES, type Source } from './sources.ts'

const TITLES: Readonly<Record<NarrowerPlatform, string>> = {
  'bedrock-invoke': 'Bedrock InvokeModel',
  'bedrock-messages': 'Bedrock Messages',
  'bedrock-mantle': 'Bedrock Mantle',
  vertex: 'Vertex AI',
  foundry: 'Foundry',
  'foundry-azure': 'Foundry on Azure',
  compatible: 'compatible host',
}

const WORDS: Readonly<Record<Handling, string>> = {
  keep: 'passed',
  drop: 'dropped',
  refuse: 'refused',
  text: 'told in words',
  fold: 'translated',
  move: 'moved',
}

/** The page docs/reference/platforms.md, from the very tables by which requests are translated. */
export function platformsPage(): string {
  return `# Platforms

Claude Code speaks to one address, and a config decides which provider answers. Providers do not take the same requests: this page says what
becomes of each feature on the way. Anthropic's own API, Claude Platform on AWS and Anthropic's deployment on Google Cloud take everything, so
requests reach them byte for byte. For the others a request is edited in place, and every kind of change is listed in its record.

The page is written from the tables that the gateway works by; they rest on documentation, on recordings of the client and on public
reports. **No live account of a cloud was tried.** What a provider refuses against the tables is repaired by a second try with less.

- **passed**: reaches the provider as it came.
- **dropped**: left out; the request works without.
- **translated**, **moved**, **told in words**: reaches the model in another form.
- **refused**: this provider is skipped for the request. When no other target is left, the client gets a 400 that names the feature.

## Features

${table(['feature', 'field', ...NARROWER_PLATFORMS.map((platform) => TITLES[platform])], fieldRows())}

Largest bodies, in MB after translation: ${NARROWER_PLATFORMS.filter((each) => Number.isFinite(BODY_BYTES_MAX[each]))
    .map((each) => `${TITLES[each]} ${BODY_BYTES_MAX[each] / 1_048_576}`)
    .join(', ')}; Anthropic's own platforms ${BODY_BYTES_MAX.anthropic / 1_048_576}. A larger one is refused there.

When a config sends a request to another model than the client asked for, thinking, effort, \`max_tokens\`, a forced \`tool_choice\` and sampling
are brought into the range of that model.

## Betas

Values of \`anthropic-beta\`. One that does not stand here passes to Anthropic's own platforms and to no other. A beta that is dropped takes its
field along, and the other way round.

${table(['beta', ...NARROWER_PLATFORMS.map((platform) => TITLES[platform])], betaRows())}

## Reasons

${table(['what', 'why', 'source'], reasonRows())}

## Sources

As of 23 November 2026.

${sourceLines().join('\n')}
`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const rules = (): readonly (readonly [Field, FieldRule])[] => Object.entries(FIELDS) as [Field, FieldRule][]

function fieldRows(): string[][] {
  return rules().map(([field, { title, on }]) => [
    title,
    `\`${field}\``,
    ...NARROWER_PLATFORMS.map((platform) => handlingInWords(on[platform])),
  ])
}

function handlingInWords(handling: Handling | ForModels): string {
  if (typeof handling === 'string') return WORDS[handling]
  return `${WORDS[handling.handling]} for ${handling.models.says}, else ${WORDS[handling.otherwise]}`
}

function betaRows(): string[][] {
  return BETAS.map(({ beta, on }) => [
    `\`${beta}\``,
    ...NARROWER_PLATFORMS.map((platform) => fateInWords(on[platform])),
  ])
}

function fateInWords(fate: BetaFate): string {
  if (fate === 'pass') return 'passed'
  if (fate === 'drop') return 'dropped'
  return 'rename' in fate ? `as \`${fate.rename}\`` : `passed for ${fate.passFor.says}`
}

function reasonRows(): string[][] {
  const betas = BETAS.map(({ beta, why, source }) => [`\`${beta}\``, why, number(source)])
  return [...rules().map(([field, { why, source }]) => [`\`${field}\``, why, number(source)]), ...betas]
}

const sourceNames = Object.keys(SOURCES) as Source[]
const number = (source: Source): string => String(sourceNames.indexOf(source) + 1)

function sourceLines(): string[] {
  return sourceNames.map(
    (name) => `${number(name)}. ${SOURCES[name].title}${SOURCES[name].url === '' ? '' : `: <${SOURCES[name].url}>`}`,
  )
}
