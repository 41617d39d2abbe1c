import { join } from 'node:path'
import { member } from '../contract/answer.ts'
import { type TidyUrl, isLoopback, tidyBaseUrl } from './base-url.ts'
import { CLAUDE_VERSION_WANTED, findClaudeVersion } from './claude-version.ts'
import { type Command, UsageError, readOptions } from './command.ts'
import { type EffectiveSettings, type Setting, readEffectiveSettings } from './effective-settings.ts'
import { explainHealth, readPing } from './explain-answer.ts'
import { type GatewayClient, createGatewayClient } from './gateway-client.ts'
import type { Machine } from './machine.ts'
import { maskSecret } from './mask.ts'
import { CLOUD_SWITCHES } from './merge-settings.ts'
import { modelOnTheWire } from './pick-models.ts'
import { createPrinter } from './print.ts'
import { DEFAULT_SMALL_MODEL } from './settings-block.ts'
import { readTextFile, userFolder } from './settings-file.ts'
import { readVersion } from './version.ts'

/** What one check found. A `failure` keeps Claude Code from working through the gateway; a `warning` may. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'failure'
  readonly check: string
  readonly what: string
  readonly fix?: string
}

export const doctor: Command = {
  summary: 'Find out why Claude Code does not reach the gateway',
  help: `portcullis doctor [--url URL] [--key KEY] [--model MODEL] [--json]

Reads the settings Claude Code would use if it were started here (managed, local,
project, user, shell), asks the gateway, and tries the key with one tiny request.
Exit code 0 if nothing keeps Claude Code from working, else 1.

  --url, --key      check these instead of the ones in the settings
  --model MODEL     try this model
  --json            findings as JSON
`,

  async run(args, machine) {
    const options = readOptions(args, {
      url: { type: 'string' },
      key: { type: 'string' },
      model: { type: 'string' },
      json: { type: 'boolean' },
    })
    const findings = await examine(options, machine)
    const healthy = findings.every(({ state }) => state !== 'failure')
    if (options.json === true) {
      machine.out(`${JSON.stringify({ ok: healthy, findings }, null, 2)}\n`)
    } else {
      const printer = createPrinter(machine, machine.out)
      for (const { state, check, what, fix } of findings) printer.line(state, check, what, fix)
      const failures = findings.filter(({ state }) => state === 'failure').length
      printer.paragraph(
        healthy ? '\nClaude Code can work through this gateway.' : `\n${failures} to mend, from the top.`,
      )
    }
    return healthy ? 0 : 1
  },
}

interface DoctorOptions {
  readonly url?: string | undefined
  readonly key?: string | undefined
  readonly model?: string | undefined
}

/** Every check in the order in which one would mend things. */
async function examine(options: DoctorOptions, machine: Machine): Promise<readonly Finding[]> {
  const settings = await readEffectiveSettings(machine)
  const findings = [...checkFiles(settings)]

  const { url, found: urlFindings } = checkBaseUrl(options.url, settings)
  const { key, found: keyFindings } = checkKey(options.key, settings)
  findings.push(...urlFindings, ...keyFindings)
  findings.push(...checkCompeting(settings, key), ...(await checkSignIn(settings, key, machine)))

  if (url !== undefined) {
    findings.push(...checkProxy(url, settings))
    const client = createGatewayClient({ url: url.url, version: readVersion(), clock: machine.clock })
    const reach = await checkGateway(client, url, machine)
    findings.push(...reach)
    const reached = reach.every(({ state }) => state !== 'failure')
    if (reached && key !== undefined) findings.push(await checkPing(client, url, key, options.model, settings))
  }
  return [...findings, await checkClient(machine)]
}

function* checkFiles({ sources, unusable }: EffectiveSettings): Iterable<Finding> {
  const check = 'settings'
  for (const { name, problem } of unusable) {
    yield {
      state: 'failure',
      check,
      what: `${name}, ${problem}`,
      fix: 'Mend the file. Claude Code ignores it as it is.',
    }
  }
  const files = sources.filter(({ kind }) => kind !== 'shell').map(({ name }) => name)
  if (files.length > 0)
    yield { state: 'ok', check, what: `${files.join(', ')}${files.length > 1 ? ' (the first wins)' : ''}` }
  else if (unusable.length === 0) {
    yield { state: 'warning', check, what: 'There is no settings file.', fix: 'Run connect to write one.' }
  }
}

function checkBaseUrl(typed: string | undefined, settings: EffectiveSettings): { url?: TidyUrl; found: Finding[] } {
  const check = 'base URL'
  const all = settings.variable('ANTHROPIC_BASE_URL')
  const value = typed ?? all[0]?.value
  if (value === undefined) {
    const fix = 'Run connect, or name the gateway with --url.'
    return {
      found: [
        { state: 'failure', check, what: 'ANTHROPIC_BASE_URL is not set: Claude Code asks Anthropic directly.', fix },
      ],
    }
  }
  const origin = typed === undefined ? ` from ${all[0]!.source.name}` : ''
  try {
    const url = tidyBaseUrl(value)
    if (typed !== undefined) return { url, found: [{ state: 'ok', check, what: `${url.url} (as asked)` }] }
    const found: Finding[] = []
    if (/\/v1(\/messages)?\/*$/.test(value)) {
      const fix = `Set ANTHROPIC_BASE_URL to ${url.url}, or run connect.`
      found.push({
        state: 'failure',
        check,
        what: `${value}${origin} ends in /v1; Claude Code would ask for /v1/v1/messages.`,
        fix,
      })
    } else if (!/^https?:\/\//i.test(value)) {
      found.push({
        state: 'failure',
        check,
        what: `${value}${origin} has no scheme.`,
        fix: `Set ANTHROPIC_BASE_URL to ${url.url}.`,
      })
    } else {
      found.push({ state: 'ok', check, what: `${url.url}${origin}${outranked(all)}` })
    }
    for (const warning of url.warnings) {
      found.push({ state: 'warning', check, what: warning, fix: 'Use an https address of the gateway.' })
    }
    return { url, found }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    if (typed !== undefined) throw new UsageError(error.message)
    return {
      found: [
        {
          state: 'failure',
          check,
          what: `${error.message}${origin}`,
          fix: 'Run connect with the right URL.',
        },
      ],
    }
  }
}

function checkKey(typed: string | undefined, settings: EffectiveSettings): { key?: string; found: Finding[] } {
  const check = 'key'
  if (typed !== undefined)
    return { key: typed, found: [{ state: 'ok', check, what: `${maskSecret(typed)} (as asked)` }] }
  const all = settings.variable('ANTHROPIC_AUTH_TOKEN')
  const first = all[0]
  if (first !== undefined) {
    return {
      key: first.value,
      found: [{ state: 'ok', check, what: `${maskSecret(first.value)} from ${first.source.name}${outranked(all)}` }],
    }
  }
  const apiKey = settings.variable('ANTHROPIC_API_KEY')[0]
  if (apiKey !== undefined) {
    const fix = 'Put the gateway key into ANTHROPIC_AUTH_TOKEN: Claude Code asks before it uses ANTHROPIC_API_KEY.'
    return {
      key: apiKey.value,
      found: [{ state: 'warning', check, what: `ANTHROPIC_API_KEY from ${apiKey.source.name}`, fix }],
    }
  }
  const helper = settings.withMember('apiKeyHelper')[0]
  if (helper !== undefined) {
    const fix = 'To try its key, run the helper yourself and give its output with --key.'
    return { found: [{ state: 'warning', check, what: `An apiKeyHelper in ${helper.name} supplies the key.`, fix }] }
  }
  return {
    found: [
      {
        state: 'failure',
        check,
        what: 'ANTHROPIC_AUTH_TOKEN is not set.',
        fix: 'Run connect with your gateway key.',
      },
    ],
  }
}

/** Names the sources that say something else and do not count. */
function outranked([first, ...others]: readonly Setting[]): string {
  const losers = others.filter(({ value }) => value !== first?.value).map(({ source }) => source.name)
  return losers.length === 0 ? '' : ` (wins over another one from ${losers.join(', ')})`
}

function* checkCompeting(settings: EffectiveSettings, key: string | undefined): Iterable<Finding> {
  const check = 'competing'
  let found = false
  for (const name of CLOUD_SWITCHES) {
    const first = settings.variable(name)[0]
    if (first === undefined || /^(0|false|no|off)$/i.test(first.value)) continue
    found = true
    const what = `${name} from ${first.source.name} sends Claude Code past the gateway.`
    yield { state: 'failure', check, what, fix: removal(name, first) }
  }
  const apiKey = settings.variable('ANTHROPIC_API_KEY')[0]
  if (apiKey !== undefined && settings.variable('ANTHROPIC_AUTH_TOKEN').length > 0) {
    found = true
    const what = `ANTHROPIC_API_KEY from ${apiKey.source.name} is sent beside the gateway key; the gateway key counts.`
    yield { state: 'warning', check, what, fix: removal('ANTHROPIC_API_KEY', apiKey) }
  }
  for (const { name } of key === undefined ? [] : settings.withMember('apiKeyHelper')) {
    found = true
    const what = `An apiKeyHelper in ${name} is a second source of credentials; ANTHROPIC_AUTH_TOKEN counts.`
    yield { state: 'warning', check, what, fix: `Remove apiKeyHelper from ${name}.` }
  }
  const headers = settings.variable('ANTHROPIC_CUSTOM_HEADERS')[0]
  const headerKey = /^\s*x-portkey-api-key\s*:\s*(.*?)\s*$/im.exec(headers?.value ?? '')?.[1]
  if (headers !== undefined && headerKey !== undefined && headerKey !== key) {
    found = true
    const what = `The header x-portkey-api-key from ${headers.source.name} holds another key, and outranks the bearer key.`
    yield { state: 'failure', check, what, fix: 'Remove that line from ANTHROPIC_CUSTOM_HEADERS.' }
  }
  if (!found) yield { state: 'ok', check, what: 'Nothing competes with the gateway settings.' }
}

function removal(name: string, { source }: Setting): string {
  return source.kind === 'shell'
    ? `Run unset ${name}, and remove its export from your shell profile.`
    : `Remove ${name} from ${source.name}.`
}

/** A login of Claude Code itself: harmless beside a gateway key, in charge without one. */
async function checkSignIn(settings: EffectiveSettings, key: string | undefined, machine: Machine): Promise<Finding[]> {
  const check = 'sign-in'
  const found: Finding[] = settings.withMember('forceLoginMethod').map(({ name }) => ({
    state: 'failure',
    check,
    what: `forceLoginMethod in ${name} keeps Claude Code from starting with a gateway key.`,
    fix: `Remove forceLoginMethod from ${name}.`,
  }))
  const logins = await readLogins(machine)
  if (logins.gateway) {
    const what = 'A sign-in at another gateway is saved; it outranks every key in the settings.'
    found.push({ state: 'failure', check, what, fix: 'Run /logout in Claude Code.' })
  }
  if (logins.claudeAi && key === undefined) {
    const what = 'A claude.ai login is saved; without a gateway key its token would be sent to the base URL.'
    found.push({ state: 'failure', check, what, fix: 'Run connect with your gateway key.' })
  } else if (logins.claudeAi && found.length === 0) {
    found.push({ state: 'ok', check, what: 'A claude.ai login is saved; it rests while the gateway key is set.' })
  }
  return found
}

/** Looks only which kinds of login are saved. On macOS they lie in the keychain, which we leave alone. */
async function readLogins(machine: Machine): Promise<{ claudeAi: boolean; gateway: boolean }> {
  try {
    const file = await readTextFile(join(userFolder(machine), '.credentials.json'))
    const saved: unknown = JSON.parse(file?.text ?? '{}')
    return {
      claudeAi: member(saved, 'claudeAiOauth') !== undefined,
      gateway: member(saved, 'enterpriseGateway') !== undefined,
    }
  } catch {
    return { claudeAi: false, gateway: false }
  }
}

function* checkProxy(url: TidyUrl, settings: EffectiveSettings): Iterable<Finding> {
  const names = url.url.startsWith('https:') ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy']
  const proxy = names.flatMap((name) => settings.variable(name).map((setting) => ({ name, setting })))[0]
  if (proxy === undefined) return
  const exceptions = [...settings.variable('NO_PROXY'), ...settings.variable('no_proxy')][0]?.value ?? ''
  if (exceptions.split(/[\s,]+/).some((pattern) => coversHost(pattern, url.host))) return
  yield {
    state: 'warning',
    check: 'proxy',
    what: `${proxy.name} from ${proxy.setting.source.name} sends Claude Code's requests through a proxy; doctor connects directly.`,
    fix: `If the gateway is reached without the proxy, add ${url.host} to NO_PROXY.`,
  }
}

function coversHost(pattern: string, host: string): boolean {
  if (pattern === '*') return true
  const domain = pattern
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\*?\./, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

/** Further apart than this, short-lived tokens look expired, or not yet valid. */
const CLOCK_SKEW_MAX_MS = 5 * 60 * 1000

async function checkGateway(client: GatewayClient, url: TidyUrl, machine: Machine): Promise<Finding[]> {
  const answer = await client.health()
  const explanation = explainHealth(answer, url)
  if (explanation !== undefined) return [{ state: 'failure', check: 'gateway', ...explanation }]
  const found: Finding[] = [
    { state: 'ok', check: 'gateway', what: `${url.url} answers${isLoopback(url.host) ? ' on this machine' : ''}.` },
  ]
  const version = answer.reached ? member(answer.json, 'version') : undefined
  if (typeof version === 'string' && version !== readVersion()) {
    // npx keeps what it fetched from an address, and does not ask again when the gateway there has a newer one.
    const what = `This command line is ${readVersion()}, the gateway ${version}: what it says may be out of date.`
    const fix = `Delete the folder _npx in npm's cache (npm config get cache), then run npx ${url.url}/cli.tgz doctor.`
    found.push({ state: 'warning', check: 'version', what, fix })
  }
  const date = Date.parse((answer.reached && answer.header('date')) || '')
  const skewMs = machine.clock.now() - date
  if (Math.abs(skewMs) > CLOCK_SKEW_MAX_MS) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000)
    const what = `The clock of this machine is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} the gateway's.`
    found.push({ state: 'warning', check: 'clock', what, fix: 'Set the clock, or switch on network time.' })
  } else if (!Number.isNaN(date)) {
    found.push({ state: 'ok', check: 'clock', what: "Agrees with the gateway's." })
  }
  return found
}

/** Tries the key with the model Claude Code would start with, or the one for its side calls where only it knows the id. */
async function checkPing(
  client: GatewayClient,
  url: TidyUrl,
  key: string,
  asked: string | undefined,
  settings: EffectiveSettings,
): Promise<Finding> {
  const saved = settings.withMember('model')[0]?.members['model']
  const chosen =
    asked ?? settings.variable('ANTHROPIC_MODEL')[0]?.value ?? (typeof saved === 'string' ? saved : undefined)
  const small = settings.variable('ANTHROPIC_DEFAULT_HAIKU_MODEL')[0]?.value ?? DEFAULT_SMALL_MODEL
  const model = (chosen === undefined ? undefined : modelOnTheWire(chosen)) ?? small
  const result = readPing(await client.ping(key, model), model, url)
  if ('fix' in result) return { state: 'failure', check: 'request', what: result.what, fix: result.fix }
  const what = `${result.model} answered in ${Math.round(result.elapsedMs)} ms (request ${result.requestId})`
  return { state: 'ok', check: 'request', what }
}

async function checkClient(machine: Machine): Promise<Finding> {
  const check = 'claude'
  const claude = await findClaudeVersion(machine)
  if (!claude.installed) {
    return {
      state: 'warning',
      check,
      what: 'Not found on the PATH.',
      fix: 'Install it: npm install -g @anthropic-ai/claude-code',
    }
  }
  if (claude.current) return { state: 'ok', check, what: `Version ${claude.version}` }
  const what = `Version ${claude.version} is old; sessions are recorded from ${CLAUDE_VERSION_WANTED} on.`
  return { state: 'warning', check, what, fix: 'Update it: claude update' }
}
