import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FIELDS, type Field, type NumberField } from './fields.ts'
import { parseFilter } from './parse-filter.ts'
import { tellFilter } from './tell-filter.ts'

/* `npx vitest run src/contract/filter -u` writes docs/reference/filters.md anew. */

const PAGE = fileURLToPath(new URL('../../../docs/reference/filters.md', import.meta.url))

it('docs/reference/filters.md names every field', async () => {
  await expect(writePage()).toMatchFileSnapshot(PAGE)
})

function writePage(): string {
  return `# Filters

What \`q\` may say in \`GET /v1/logs\`, its counts, facets and searches, and in \`GET /v1/usage/series\` and \`/breakdown\`. This page is
written from the table that the parser reads (\`src/contract/filter/fields.ts\`). [How to find requests](../guide/find-requests.md) shows it at work.

## The language

| write | for |
| --- | --- |
| \`model:opus* is:error\` | both have to hold |
| \`dev:ana,bo\` | one of them has to |
| \`-is:cached\` | it may not hold; what has no such thing at all is found too |
| \`model:*haiku*\` | anything in place of each star |
| \`project:"check out"\`, \`key:"a*b"\` | a value with spaces, commas, colons or stars of its own; \`\\"\` and \`\\\\\` within quotes |
| \`status:>=400\`, \`cost:<0.5\`, \`status:429\` | numbers: \`>\`, \`>=\`, \`<\`, \`<=\`, or the number itself |
| \`duration:30s..2m\`, \`tokens:100k..\` | from one to the other, both included; one end may be left out |
| \`tag.team:payments\`, \`tag."cost centre":42*\` | a tag of the metadata, by its name |
| \`"retry logic"\` | text that was said, where the workspace has an index of it |
| \`req_…\`, \`ses_…\` | that request, or that session |

Upper and lower case are the same, except in ids and in texts with letters beyond a–z. A filter has 2,000 characters and 50 terms at most. What
is not understood is refused with its place and with what to write instead; nothing is ignored. Times are no part of a filter: \`since\` and \`until\` stand beside
it in the query.

Names of people, keys and workspaces stand for those that the asker may see. Any other name matches nothing.

## Text

| field | finds | example | in words |
| --- | --- | --- | --- |
${linesOf('text')}
| \`tag.NAME\` | Tag of the metadata | \`tag.team:core\` | ${tellFilter(parseFilter('tag.team:core').filter)} |

## Numbers

| field | finds | unit | example | in words |
| --- | --- | --- | --- | --- |
${linesOf('number')}

## Choices

| field | finds | one of |
| --- | --- | --- |
${linesOf('choice')}
`
}

function linesOf(kind: Field['kind']): string {
  return Object.entries<Field>(FIELDS)
    .filter(([, field]) => field.kind === kind)
    .map(([name, field]) => `| ${cellsOf(name, field).join(' | ')} |`)
    .join('\n')
}

function cellsOf(name: string, field: Field): readonly string[] {
  const names = [name, ...(field.aliases ?? [])].map((each) => `\`${each}\``).join(', ')
  const inWords = tellFilter(parseFilter(field.example).filter)
  const example = `\`${field.example}\``
  switch (field.kind) {
    case 'text':
      return [names, field.summary, example, inWords]
    case 'number':
      return [names, field.summary, UNITS[field.unit], example, inWords]
    case 'choice':
      return [
        names,
        field.summary,
        Object.keys(field.choices)
          .map((choice) => `\`${choice}\``)
          .join(', '),
      ]
  }
}

const UNITS: Readonly<Record<NumberField['unit'], string>> = {
  count: 'count; `k`, `m`',
  status: 'status; `4xx`',
  dollars: 'US dollars; `$`',
  milliseconds: '`ms`, `s`, `m`, `h`',
  percent: '`%`',
  bytes: 'bytes; `k`, `m`',
}
