import { basename, dirname, join, resolve } from 'node:path'
import { type Command, UsageError, readOptions } from './command.ts'
import { CLAUDE_VERSION_WANTED, findClaudeVersion } from './claude-version.ts'
import { readPing } from './explain-answer.ts'
import { createGatewayClient } from './gateway-client.ts'
import { chooseKey, chooseUrl } from './gateway-options.ts'
import type { Machine } from './machine.ts'
import { maskSettings } from './mask.ts'
import { type Merged, fingerprint, mergeSettings } from './merge-settings.ts'
import { pickModels } from './pick-models.ts'
import { type Printer, createPrinter } from './print.ts'
import { type Original, type Receipt, backupName, originalOf, readReceipt, receiptPath } from './receipt.ts'
import { type SettingsBlock, settingsBlock } from './settings-block.ts'
import { LOCATIONS, type Location, readTextFile, settingsPath, shortPath, writeWhole } from './settings-file.ts'
import { printSettingsProblem } from './settings-problem.ts'
import { unifiedDiff } from './unified-diff.ts'
import { readVersion } from './version.ts'

export const connect: Command = {
  summary: 'Connect Claude Code on this machine to a gateway',
  help: `portcullis connect --url URL --key KEY [options]

Tries the key with one tiny request, then writes the settings Claude Code needs.
The file's other settings stay as they are; disconnect takes ours back.

  --url URL         the gateway, such as https://gateway.example.com
  --key KEY         your gateway key; else PORTCULLIS_KEY, else asked for
  --model MODEL     the model to start with; without it Claude Code's own default
  --project NAME    a project name, recorded with every request
  --telemetry       have Claude Code tell the gateway what it counts: lines of
                    code, commits, time, decisions; not what you write
  --location WHERE  user (default), project (.claude/settings.json) or
                    local (.claude/settings.local.json)
  --settings FILE   another settings file
  --dry-run         show what would change, send and write nothing
  --no-verify       write without trying the key
  --yes             do not ask before writing
`,

  async run(args, machine) {
    const options = readOptions(args, {
      url: { type: 'string' },
      key: { type: 'string' },
      model: { type: 'string' },
      project: { type: 'string' },
      telemetry: { type: 'boolean' },
      location: { type: 'string' },
      settings: { type: 'string' },
      'dry-run': { type: 'boolean' },
      'no-verify': { type: 'boolean' },
      yes: { type: 'boolean' },
    })
    const path = chooseSettingsPath(options, machine)
    const gateway = await chooseUrl(options.url, machine)
    const key = await chooseKey(options.key, machine)
    const printer = createPrinter(machine, machine.out)
    const { model, project, telemetry } = options
    const dryRun = options['dry-run'] === true
    for (const note of gateway.notes) printer.line('note', 'URL', note)
    for (const warning of gateway.warnings) printer.line('warning', 'URL', warning)

    // Read first: a file that cannot be written to is better known before a request is sent.
    const first = await plan(
      path,
      settingsBlock({ url: gateway.url, key, model, project, telemetry }),
      machine,
      printer,
    )
    if (first === undefined) return 1
    if (dryRun) {
      printPlan(first, path, machine, printer)
      const diff = unifiedDiff(
        shortPath(machine, path),
        first.current && maskSettings(first.current),
        maskSettings(first.text),
      )
      printer.verbatim(diff === '' ? 'Nothing would change.\n' : diff)
      return 0
    }

    let smallModel: string | undefined
    if (options['no-verify'] !== true) {
      const client = createGatewayClient({ url: gateway.url, version: readVersion(), clock: machine.clock })
      const picked = pickModels(await client.models(key), model)
      smallModel = picked.small
      const result = readPing(await client.ping(key, picked.ping), picked.ping, gateway)
      if ('fix' in result) {
        printer.line('failure', 'gateway', result.what, result.fix)
        printer.paragraph('\nNothing was written; --no-verify writes anyway. To look closer:')
        printer.verbatim(`  ${machine.program} doctor\n`)
        return 1
      }
      const latency = `${Math.round(result.elapsedMs)} ms`
      printer.line('ok', 'gateway', `${gateway.url} served ${result.model} in ${latency} (request ${result.requestId})`)
    }

    // Read again: the request took a while, and Claude Code itself may have written the file.
    const planned = await plan(
      path,
      settingsBlock({ url: gateway.url, key, model, project, telemetry, smallModel }),
      machine,
      printer,
    )
    if (planned === undefined) return 1
    printPlan(planned, path, machine, printer)
    await warnIfCommitted(path, machine, printer)
    if (options.yes !== true && planned.text !== planned.current && machine.ask !== undefined) {
      const answer = await machine.ask.line(`Write ${shortPath(machine, path)}? [Y/n] `)
      if (/^n/i.test(answer)) {
        printer.paragraph('Nothing was written.')
        return 1
      }
    }
    const backup = await write(path, planned, machine)
    const kept = backup === null ? '' : `; backup in ${backup}`
    printer.line('ok', 'settings', `${shortPath(machine, path)}${kept}`)
    await noteSurroundings(machine, printer)
    printer.paragraph('\nNext: run claude. To take this back:')
    printer.verbatim(`  ${machine.program} disconnect${sameFile(options)}\n`)
    return 0
  },
}

/** The options that lead `disconnect` to the file that was written. */
function sameFile({ settings, location }: { settings?: string | undefined; location?: string | undefined }): string {
  if (settings !== undefined) return ` --settings ${settings}`
  return location === undefined ? '' : ` --location ${location}`
}

/** The settings file that `--settings` or `--location` names. */
export function chooseSettingsPath(
  { settings, location = 'user' }: { settings?: string | undefined; location?: string | undefined },
  machine: Machine,
): string {
  if (settings !== undefined) return resolve(machine.workFolder, settings)
  if (!isLocation(location)) throw new UsageError(`--location is one of ${LOCATIONS.join(', ')}; not "${location}".`)
  return settingsPath(machine, location)
}

function isLocation(text: string): text is Location {
  return LOCATIONS.some((location) => location === text)
}

interface Plan extends Merged {
  /** The file as it stands; null if there is none. */
  readonly current: string | null
  readonly original: Original
  /** Of an earlier connect, if there was one. */
  readonly receipt: Receipt | undefined
}

/**
 * What the file will be. Connecting a second time begins where disconnecting would have ended, so that there is always
 * one step back, to the settings before the first time. Undefined, with the reason printed, if the file is unusable.
 */
async function plan(path: string, block: SettingsBlock, machine: Machine, printer: Printer): Promise<Plan | undefined> {
  try {
    const file = await readTextFile(path)
    const receipt = file && (await readReceipt(path))
    const backup = receipt?.backup ? await readTextFile(join(dirname(path), receipt.backup)) : undefined
    const original: Original =
      file !== undefined && receipt !== undefined
        ? originalOf(receipt, file.text, backup?.bytes)
        : { bytes: file?.bytes ?? null, mode: file?.mode ?? null, exact: false, leftAlone: [] }
    const merged = mergeSettings(original.bytes?.toString('utf8') ?? '', block)
    return { ...merged, current: file?.text ?? null, original, receipt }
  } catch (error) {
    printSettingsProblem(error, path, machine, printer)
    return undefined
  }
}

/** Writes backup, receipt and settings in this order: whenever the machine stops, there is a way back. */
async function write(
  path: string,
  { original, receipt, text, changes, madeEnv }: Plan,
  machine: Machine,
): Promise<string | null> {
  let backup: string | null = null
  if (original.exact && receipt !== undefined) {
    backup = receipt.backup
  } else if (original.bytes !== null) {
    backup = backupName(basename(path), machine.clock.now())
    await writeWhole(join(dirname(path), backup), original.bytes, 0o600)
  }
  const written: Receipt = { version: 1, backup, mode: original.mode, left: fingerprint(text), madeEnv, changes }
  await writeWhole(receiptPath(path), `${JSON.stringify(written, null, 2)}\n`, 0o600)
  // The key is inside: readable for its owner only, whatever the permissions were.
  await writeWhole(path, text, 0o600)
  return backup
}

function printPlan({ text, current, movedAside }: Plan, path: string, machine: Machine, printer: Printer): void {
  if (text === current) printer.line('note', 'settings', `${shortPath(machine, path)} already says so.`)
  for (const line of movedAside) printer.line('note', 'moved aside', line)
}

/** A settings file inside a repository is committed unless git ignores it, and the key with it. */
async function warnIfCommitted(path: string, machine: Machine, printer: Printer): Promise<void> {
  const ran = await machine.run('git', ['-C', dirname(dirname(path)), 'check-ignore', '-q', path])
  // 0: ignored. 1: not ignored. 128: not a repository.
  if (ran?.exitCode !== 1) return
  printer.line(
    'warning',
    'git',
    `${shortPath(machine, path)} is inside a repository and not ignored: the key would be committed.`,
    `Add ${basename(path)}* to .gitignore, or use --location user.`,
  )
}

/** What else on this machine has a say in where Claude Code connects. */
async function noteSurroundings(machine: Machine, printer: Printer): Promise<void> {
  const competing = Object.keys(machine.env).filter(
    (name) =>
      /^(ANTHROPIC_(API_KEY|AUTH_TOKEN|BASE_URL)|CLAUDE_CODE_USE_(BEDROCK|VERTEX|FOUNDRY|ANTHROPIC_AWS|MANTLE))$/.test(
        name,
      ) && machine.env[name] !== '',
  )
  for (const name of competing.filter((name) => /_(AUTH_TOKEN|BASE_URL)$/.test(name))) {
    printer.line('note', 'shell', `${name} is exported in this shell too. The settings file wins; the export can go.`)
  }
  for (const name of competing.filter((name) => !/_(AUTH_TOKEN|BASE_URL)$/.test(name))) {
    printer.line(
      'warning',
      'shell',
      `${name} is exported in this shell and reaches Claude Code.`,
      `Remove it: unset ${name}`,
    )
  }
  const claude = await findClaudeVersion(machine)
  if (!claude.installed) {
    printer.line('note', 'claude', 'Not found on the PATH.', 'Install it: npm install -g @anthropic-ai/claude-code')
  } else if (!claude.current) {
    const old = `Version ${claude.version} is old; sessions are recorded from ${CLAUDE_VERSION_WANTED} on.`
    printer.line('warning', 'claude', old, 'Update it: claude update')
  } else {
    printer.line('ok', 'claude', `Version ${claude.version}`)
  }
}
