import { chmod, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ConfigurationOutcome, ConfigurationPlan } from '../contract/configuration.ts'
import { type AdminClient, openAdminClient, Refusal } from './admin-client.ts'
import { type Command, readOptions, UsageError } from './command.ts'
import type { Machine } from './machine.ts'
import { describeStep, printPlan } from './print-plan.ts'
import { printable } from './print.ts'
import { readSecretValues } from './secret-values.ts'

export const apply: Command = {
  summary: 'Make the gateway what a configuration file says',
  help: `portcullis apply -f FILE [--plan] [--yes] [--no-prune] [--keys-file FILE]

Compares a configuration file with what the gateway has, shows the difference,
asks, and carries it out. Needs an administrator's key.
Exit code 0: nothing to do, or done. 1: problems. 2: changes are pending (--plan).

  -f, --file FILE   the file, YAML or JSON
  --plan            show the difference and change nothing
  --yes             do not ask
  --no-prune        remove nothing that the file has left out
  --keys-file FILE  write new keys there, readable by you only, instead of
                    printing them
  --url, --key      the gateway and the key; else PORTCULLIS_URL, PORTCULLIS_KEY
`,

  async run(args, machine) {
    const options = readOptions(args, {
      file: { type: 'string', short: 'f' },
      plan: { type: 'boolean' },
      yes: { type: 'boolean' },
      'no-prune': { type: 'boolean' },
      'keys-file': { type: 'string' },
      url: { type: 'string' },
      key: { type: 'string' },
    })
    if (options.file === undefined) throw new UsageError('Name the file with -f portcullis.yaml')
    const path = resolve(machine.workFolder, options.file)
    const document = await readDocument(path, machine)
    if (document === undefined) return 1
    const client = await openAdminClient(options, machine)
    try {
      const planOnly = options.plan === true
      const request = { document, prune: options['no-prune'] !== true }
      const drawn = await draw(client, request, { path, planOnly, machine })
      if (drawn === undefined) return 1
      printPlan(drawn.plan, machine)
      if (drawn.plan.steps.length === 0) return 0
      if (planOnly) return 2
      if (options.yes !== true && !(await isWanted(machine))) return 1
      const body = { ...request, secrets: drawn.secrets, plan_id: drawn.plan.plan_id }
      const outcome = (await client.ask('POST', '/configuration/apply', body)) as ConfigurationOutcome
      const keysPath = options['keys-file']
      return await report(outcome, keysPath === undefined ? undefined : resolve(machine.workFolder, keysPath), machine)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      machine.err(`${printable(error.message)}\n`)
      return 1
    }
  },
}

/** Undefined when the file cannot be read, which has been printed then. */
async function readDocument(path: string, { err }: Machine): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    err(
      code === 'ENOENT'
        ? `There is no file ${path}.\n`
        : `${path} cannot be read${code === undefined ? '' : ` (${code})`}.\n`,
    )
    return undefined
  }
}

interface Drawn {
  readonly plan: ConfigurationPlan
  readonly secrets: Readonly<Record<string, string>>
}

/** Asks twice: the first answer says which secrets the file needs. Undefined when something is wrong, which has been printed then. */
async function draw(
  client: AdminClient,
  request: { readonly document: string; readonly prune: boolean },
  { path, planOnly, machine }: { readonly path: string; readonly planOnly: boolean; readonly machine: Machine },
): Promise<Drawn | undefined> {
  const ask = async (secrets: Readonly<Record<string, string>>) =>
    (await client.ask('POST', '/configuration/plan', { ...request, secrets })) as ConfigurationPlan
  const first = await ask({})
  if (first.problems.length > 0) {
    for (const { path: member, line, column, message } of first.problems) {
      machine.err(`${path}:${line}:${column}: ${printable(member === '' ? message : `${member}: ${message}`)}\n`)
    }
    machine.err(`${first.problems.length} to mend; nothing was changed.\n`)
    return undefined
  }
  const references = first.references.map(({ reference }) => reference)
  if (references.length === 0) return { plan: first, secrets: {} }
  const { values, missing } = await readSecretValues(references, path, machine)
  for (const each of missing) machine.err(`${each}${planOnly ? ', so it is not compared' : ''}.\n`)
  if (missing.length > 0 && !planOnly) {
    machine.err(
      'Set what is missing. To leave a secret as it is, take its member out of the file. Nothing was changed.\n',
    )
    return undefined
  }
  return { plan: await ask(values), secrets: values }
}

async function isWanted({ ask, err }: Machine): Promise<boolean> {
  if (ask === undefined) {
    err('Nobody can answer here; --yes carries it out.\n')
    return false
  }
  return /^y(es)?$/i.test(await ask.line('Do this? [y/N] '))
}

async function report(outcome: ConfigurationOutcome, keysPath: string | undefined, machine: Machine): Promise<number> {
  const { done, failed, not_done: left, keys, invites } = outcome
  if (keys.length > 0) await handOver(keys, keysPath, machine)
  for (const { email, link } of invites) machine.out(`Invitation of ${printable(email)}: ${printable(link)}\n`)
  if (failed === null) {
    machine.out(`Done: ${done.length}.\n`)
    return 0
  }
  machine.err(`Done: ${done.length}. Then this failed: ${failed.step.action} ${describeStep(failed.step)}\n`)
  machine.err(`  ${printable(failed.message)}\n`)
  for (const step of left) machine.err(`  not done: ${step.action} ${describeStep(step)}\n`)
  machine.err('What was done stays done; the next apply goes on from there.\n')
  return 1
}

/** New keys are shown once: on the terminal, or in a file for one pair of eyes. */
async function handOver(keys: ConfigurationOutcome['keys'], path: string | undefined, machine: Machine): Promise<void> {
  if (path === undefined) {
    machine.out('New keys and signing secrets, shown this once:\n')
    for (const { name, key } of keys) machine.out(`  ${printable(name)}  ${printable(key)}\n`)
    return
  }
  const written = Object.fromEntries(keys.map(({ name, key }) => [name, key]))
  await writeFile(path, `${JSON.stringify(written, null, 2)}\n`, { mode: 0o600 })
  // The mode above is for a new file only.
  await chmod(path, 0o600)
  machine.out(`New keys and signing secrets: ${keys.length}, in ${path}.\n`)
}
