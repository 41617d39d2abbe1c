import { type AdminClient, openAdminClient, Refusal } from './admin-client.ts'
import { type Command, readOptions, UsageError } from './command.ts'
import type { Machine } from './machine.ts'
import { createPrinter, printable } from './print.ts'

export const audit: Command = {
  summary: 'Check the audit trail, or write it down',
  help: `portcullis audit verify [--number N --hash HASH]
portcullis audit export [--after N] [--from TIME] [--to TIME]

verify walks the whole trail and says how many entries fit together, or which is the
first that does not. With number and hash of an entry that was written down elsewhere
it also says whether that one is still there. Exit code 0 if the trail is intact, else 1.

export prints the entries, oldest first, each as one line of JSON. Needs an
administrator's key.

  --after N         only entries with a higher number
  --from, --to      moments such as 2026-11-23T00:00:00Z
  --url, --key      the gateway and the key; else PORTCULLIS_URL, PORTCULLIS_KEY
`,

  async run([deed, ...args], machine) {
    if (deed !== 'verify' && deed !== 'export') throw new UsageError('Say audit verify or audit export.')
    try {
      return deed === 'verify' ? await verify(args, machine) : await exportTrail(args, machine)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      machine.err(`${printable(error.message)}\n`)
      return 1
    }
  },
}

const CONNECTION = { url: { type: 'string' }, key: { type: 'string' } } as const

interface Verdict {
  readonly intact: boolean
  readonly entries: number
  readonly last: { readonly number: number; readonly hash: string; readonly timestamp: string } | null
  readonly problem: { readonly number: number; readonly why: string } | null
}

async function verify(args: readonly string[], machine: Machine): Promise<number> {
  const options = readOptions(args, { ...CONNECTION, number: { type: 'string' }, hash: { type: 'string' } })
  if ((options.number === undefined) !== (options.hash === undefined)) {
    throw new UsageError('--number and --hash go together.')
  }
  const client = await openAdminClient(options, machine)
  const query = queryOf({ number: options.number, hash: options.hash })
  const { intact, entries, last, problem } = (await client.ask('GET', `/audit-logs/verify${query}`)) as Verdict
  const printer = createPrinter(machine, machine.out)
  if (problem !== null) {
    printer.line('failure', 'audit', `Entry ${problem.number} does not fit: ${problem.why}.`)
    printer.line('note', 'before it', `${entries} entries fit together.`)
  } else {
    printer.line('ok', 'audit', `${entries} entries, none was changed since it was written.`)
  }
  if (last !== null) {
    printer.line('note', 'last', `number ${last.number} of ${last.timestamp}`)
    printer.line('note', 'hash', last.hash)
  }
  return intact ? 0 : 1
}

async function exportTrail(args: readonly string[], machine: Machine): Promise<number> {
  const options = readOptions(args, {
    ...CONNECTION,
    after: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
  })
  const client = await openAdminClient(options, machine)
  const span = { start_time: options.from, end_time: options.to }
  let after = options.after ?? '0'
  for (;;) {
    const records = await readOn(client, { after_number: after, page_size: String(ENTRIES_AT_ONCE), ...span })
    for (const record of records) machine.out(`${JSON.stringify(record)}\n`)
    const last = records.at(-1)
    if (last === undefined || records.length < ENTRIES_AT_ONCE) return 0
    after = String(last.number)
  }
}

/** An entry holds a quarter of a megabyte at most, and an answer may have four. */
const ENTRIES_AT_ONCE = 10

async function readOn(
  client: AdminClient,
  query: Readonly<Record<string, string | undefined>>,
): Promise<readonly { readonly number: number }[]> {
  const answer = await client.ask('GET', `/audit-logs${queryOf(query)}`)
  return (answer as { readonly records: readonly { readonly number: number }[] }).records
}

function queryOf(members: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(members)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? '' : `?${query.toString()}`
}
