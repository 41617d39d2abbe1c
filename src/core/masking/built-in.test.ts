import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BUILT_IN_RULES, type BuiltInRule } from './built-in.ts'

/* `npx vitest run src/core/masking -u` writes docs/reference/masking.md anew. */

const PAGE = fileURLToPath(new URL('../../../docs/reference/masking.md', import.meta.url))

test('docs/reference/masking.md names every rule', async () => {
  await expect(writePage()).toMatchFileSnapshot(PAGE)
})

function writePage(): string {
  return `# Masking

Where content is kept \`masked\`, what these rules find gives way to stars before anything is written to a disk: in requests, in
answers, in what went up to a provider and in errors. What is kept is as long as what was sent, letter by letter, and JSON stays
JSON; which rule has masked which bytes is told with each body, what stood there is told nowhere. The hash of a body is that of
what was sent.

## Wherever content is masked

| rule | finds |
| --- | --- |
${linesOf(true)}

## Where a level names it

\`{ "masking": [{ "name": "email" }] }\` of the organisation, a workspace or a key adds a rule for everything below it.

| rule | finds |
| --- | --- |
${linesOf(false)}

## Rules of one's own

\`{ "masking": [{ "name": "staff number", "pattern": "EMP-[0-9]{6}" }] }\` is a pattern in the syntax of RE2, which takes time linear in
the text whatever the pattern is. It has 512 characters at most, and must not match the empty text. \`(?i)\` in front has it
find small and large letters alike. All of what it matches is masked.

## What to know

- Rules read text as people do: escapes of JSON and letters of several bytes are read as what they stand for. A private key
  with \`\\n\` between its lines is one secret, and an address with \`\\u0040\` in it is an address.
- In a stream, a model writes a few letters at a time. Rules read what the events of a block come to, and mask it in each of them.
- New text is masked once, and later requests of the session that repeat it point to the masked bytes. A secret that was cut in
  two by the end of a request is found when the rest comes: rules look as far around new text as the word they are in, up to
  20,000 bytes, and 256 further. Only a pattern of one's own that reaches over more text than that can be missed there.
- A number that stands outside of strings in JSON gives way to nines.
- A secret that no rule knows is kept. \`metadata\` keeps nothing of a body at all.
- A change of rules holds from the next request on. What was kept before stays as it is; it can be deleted.
`
}

function linesOf(isSecret: boolean): string {
  return Object.entries<BuiltInRule>(BUILT_IN_RULES)
    .filter(([, rule]) => rule.isSecret === isSecret)
    .map(([name, { description }]) => `| \`${name}\` | ${description} |`)
    .join('\n')
}
