import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Ask, list, text } from '../contract/answer.ts'
import { readOrganisation } from '../contract/read-organisation.ts'
import { writeConfiguration } from '../contract/write-configuration.ts'
import { type AdminClient, createAdminClient, Refusal } from './admin-client.ts'
import { tidyBaseUrl } from './base-url.ts'
import { type Command, readOptions, UsageError } from './command.ts'
import { fitToPortcullis, type Leftover } from './fit-portkey.ts'
import type { Machine } from './machine.ts'
import { printable } from './print.ts'
import { writeYaml } from './yaml-text.ts'

export const importFrom: Command = {
  summary: 'Read an organisation at Portkey into a configuration file',
  help: `portcullis import portkey --from URL --key KEY [-o FILE] [--name NAME]

Reads workspaces, integrations, providers, configs, keys, people and policies by
Portkey's admin API and writes a configuration file for "portcullis apply", and
FILE.report.md with everything that could not be brought over, and why.
Changes nothing at Portkey.

  --from URL        where the admin API is, such as https://api.portkey.ai
  --key KEY         an organisation's key that may read; else PORTKEY_API_KEY
  -o, --output FILE portcullis.yaml without
  --name NAME       the name that the file gives itself; imported without
`,

  async run([source, ...args], machine) {
    if (source !== 'portkey') throw new UsageError('Name what to import from: portcullis import portkey --from URL')
    const options = readOptions(args, {
      from: { type: 'string' },
      key: { type: 'string' },
      output: { type: 'string', short: 'o' },
      name: { type: 'string' },
    })
    const client = openPortkey(options, machine)
    const output = resolve(machine.workFolder, options.output ?? 'portcullis.yaml')
    try {
      const leftovers: Leftover[] = []
      const resources = await readOrganisation(forgiving(client, leftovers))
      const fitted = fitToPortcullis(resources, machine.clock.now(), (leftover) => leftovers.push(leftover))
      leftovers.push(...(await countOthers(client)))
      const { file, references } = writeConfiguration(fitted, options.name ?? 'imported')
      await writeFile(output, writeYaml(file))
      await writeFile(`${output}.report.md`, writeReport(client.url, references, leftovers))
      machine.out(`${output}: ${fitted.length} things. ${output}.report.md: ${leftovers.length} that need a look.\n`)
      for (const reference of references) machine.out(`Provide ${reference} when you apply it.\n`)
      return 0
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      machine.err(`${printable(error.message)}\n`)
      return 1
    }
  },
}

function openPortkey(
  { from, key: typed }: { readonly from?: string | undefined; readonly key?: string | undefined },
  machine: Machine,
): AdminClient {
  const key = typed ?? machine.env['PORTKEY_API_KEY']
  if (from === undefined) throw new UsageError('Name the address of the admin API with --from https://api.portkey.ai')
  if (!key) throw new UsageError('Give the key with --key or in PORTKEY_API_KEY.')
  try {
    const { url, host } = tidyBaseUrl(from)
    return createAdminClient({ url, host, key, machine })
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

/** What the key may not read, or the plan does not have, is left out and told, instead of ending everything. */
function forgiving(client: AdminClient, leftovers: Leftover[]): Ask {
  return async (path) => {
    try {
      return await client.ask('GET', path)
    } catch (error) {
      if (!(error instanceof Refusal) || ![400, 403, 404].includes(error.status)) throw error
      const what = `/v1${path.split('?')[0]!}`
      // Both are ours, not Portkey's.
      const isOurs = what === '/v1/organisation' || what === '/v1/alerts/channels'
      if (!isOurs && leftovers.every((leftover) => leftover.what !== what)) {
        leftovers.push({ what, why: `could not be read (${error.status}): ${error.message}` })
      }
      return undefined
    }
  }
}

const OTHERS: readonly (readonly [path: string, what: string])[] = [
  ['/guardrails', 'guardrails'],
  ['/prompts', 'prompts'],
  ['/secret-references', 'secret references'],
  ['/mcp-integrations', 'MCP integrations'],
]

/** Things that Portcullis does not have, as far as the key may see them. */
async function countOthers(client: AdminClient): Promise<readonly Leftover[]> {
  const found: Leftover[] = []
  for (const [path, what] of OTHERS) {
    try {
      const items = await list((each) => client.ask('GET', each), path)
      const names = items.map((item) => text(item, 'name') ?? text(item, 'slug') ?? text(item, 'id')).join(', ')
      if (items.length > 0) found.push({ what: `${items.length} ${what}`, why: `Portcullis has no ${what}: ${names}` })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }
  return found
}

function writeReport(url: string, references: readonly string[], leftovers: readonly Leftover[]): string {
  const cell = (text: string) => printable(text).replaceAll('|', '\\|')
  const rows = leftovers.map(({ what, why }) => `| ${cell(what)} | ${cell(why)} |`)
  return `# What an import from ${url} left behind

Secrets are never shown by Portkey. These have to be provided by whoever applies the file:

${references.map((reference) => `- \`${reference}\``).join('\n') || '(none)'}

Keys are made anew: everybody who has one at Portkey gets another one when the file is applied.

| what | why |
| --- | --- |
${rows.join('\n')}
`
}
