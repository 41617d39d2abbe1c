import { openAdminClient, Refusal } from './admin-client.ts'
import type { Explanation } from '../contract/explain.ts'
import { type Command, readOptions } from './command.ts'
import type { Machine } from './machine.ts'
import { type Printer, createPrinter, printable } from './print.ts'

export const explain: Command = {
  summary: 'Say what applies to a key, for a model, now',
  help: `portcullis explain [--key KEY] [--model MODEL] [--provider @SLUG]

Who a key belongs to, which config its requests follow and why, which target
would serve, every budget and rate limit, the tightest first, and what is kept of
its requests. Nothing is sent to a provider. Exit code 0 if a request would be served, else 1.

  --key KEY         a gateway key, which asks about itself; or the id of one, which
                    an administrator's key in PORTCULLIS_KEY asks about
  --model MODEL     such as claude-opus-5-5 or @slug/model
  --provider @SLUG  as a request would name it
  --url URL         the gateway; else PORTCULLIS_URL
  --json            as JSON
`,

  async run(args, machine) {
    const options = readOptions(args, {
      key: { type: 'string' },
      model: { type: 'string' },
      provider: { type: 'string' },
      url: { type: 'string' },
      json: { type: 'boolean' },
    })
    const isId = UUID.test(options.key ?? '')
    const client = await openAdminClient({ url: options.url, ...(!isId && { key: options.key }) }, machine)
    const query = new URLSearchParams()
    if (isId) query.set('key', options.key ?? '')
    if (options.model !== undefined) query.set('model', options.model)
    if (options.provider !== undefined) query.set('provider', options.provider)
    try {
      const answer = (await client.ask('GET', `/explain?${query.toString()}`)) as Explanation
      if (options.json === true) machine.out(`${JSON.stringify(answer, null, 2)}\n`)
      else print(answer, machine)
      return answer.verdict.served ? 0 : 1
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      machine.err(`${printable(error.message)}\n`)
      return 1
    }
  },
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function print(answer: Explanation, machine: Machine): void {
  const printer = createPrinter(machine, machine.out)
  const { key, model, verdict, config } = answer
  const whose = key.user === null ? '' : ` of ${key.user}`
  const where = key.workspace === null ? 'the organisation' : `workspace ${key.workspace}`
  printer.line('note', 'key', `“${key.name}”${whose}, ${key.type}, in ${where}`)
  if (model !== null) printer.line('note', 'model', model)
  printer.line(verdict.served ? 'ok' : 'failure', 'verdict', verdict.message)
  printer.line('note', 'config', config.slug === null ? config.why : `${config.slug}: ${config.why}`)
  for (const target of answer.targets) printTarget(printer, target)
  for (const [index, budget] of answer.budgets.entries()) printBudget(printer, budget, index === 0)
  for (const rate of answer.rate_limits) printer.line('note', 'rate', describeRate(rate))
  if (answer.budgets.length + answer.rate_limits.length === 0 && answer.targets.length > 0) {
    printer.line('note', 'limits', 'No budget and no rate limit applies.')
  }
  printer.line('note', 'records', describeRecords(answer.records))
}

const KEPT = {
  full: 'content is kept as it was',
  masked: 'content is kept with secrets masked',
  metadata: 'no content is kept',
}

function describeRecords({ content, content_days: days, searchable, masking }: Explanation['records']): string {
  const says = (from: string) => (from === 'default' ? 'by default' : `says the ${from}`)
  const kept = `${KEPT[content.value]} (${says(content.from)})`
  // Of nothing, the days and the index say nothing.
  if (content.value === 'metadata') return kept
  const named = [...new Set(masking.map(({ name }) => name))].join(', ')
  const also = content.value === 'masked' && named !== '' ? `, and ${named}` : ''
  const length = `for ${days.value} ${days.value === 1 ? 'day' : 'days'} (${says(days.from)})`
  const index = `its words ${searchable.value ? 'can' : 'cannot'} be searched (${says(searchable.from)})`
  return `${kept}${also}, ${length}; ${index}`
}

function printTarget(
  printer: Printer,
  { path, provider, model, wire_model: wire, circuit, refusal }: Explanation['targets'][number],
): void {
  // A request that follows no config has one target, which needs no name.
  const which = path === 'config' ? '' : `${path}: `
  if (refusal !== null) return printer.line('warning', 'target', `${which}${refusal.message}`)
  const name = wire === model ? model : `${model}, there ${wire}`
  const open = circuit === 'open' ? '; its circuit is open, so others come first' : ''
  printer.line(circuit === 'open' ? 'warning' : 'ok', 'target', `${which}${provider} ${name}${open}`)
}

function printBudget(printer: Printer, budget: Explanation['budgets'][number], isFirst: boolean): void {
  const {
    of,
    type,
    credit_limit: limit,
    current_usage: used,
    held,
    remaining,
    enforcement,
    next_usage_reset_at: reset,
  } = budget
  const amount = (value: number | string) => (type === 'cost' ? `$${value}` : `${value} ${type}`)
  const running = Number(held) === 0 ? '' : `, ${amount(held)} held by running calls`
  const until = reset === null ? 'never begins anew' : `begins anew ${reset}`
  const soft = enforcement === 'soft' ? '; it only tells' : ''
  const text = `${of}: ${amount(used)} of ${amount(limit)}${running}, ${amount(remaining)} left; ${until}${soft}`
  const isSpent = budget.status === 'exhausted' && enforcement === 'hard'
  printer.line(isSpent ? 'failure' : 'note', isFirst ? 'first limit' : 'budget', text)
}

const WINDOWS: Readonly<Record<string, string>> = { rps: 'second', rpm: 'minute', rph: 'hour', rpd: 'day', rpw: 'week' }

function describeRate({ of, type, unit, value }: Explanation['rate_limits'][number]): string {
  const what = type === 'tokens' ? 'token' : 'request'
  const amount = `${value} ${value === 1 ? what : `${what}s`}`
  return `${of}: ${amount} ${unit === null ? 'at the same time' : `a ${WINDOWS[unit] ?? unit}`}`
}
