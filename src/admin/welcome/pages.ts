import { formatDollars, type Nanos } from '../../core/money.ts'
import type { StoredExchange } from '../../store/exchanges.ts'
import type { ListedProvider } from '../../store/providers.ts'
import { inputTokens } from '../logs/show-cost.ts'
import { html, type Html } from './html.ts'
import { STYLE } from './style.ts'

/** What everybody may know: where the gateway is, and how to connect to it with a key. */
export interface Gateway {
  readonly url: string
  readonly version: string
}

export interface Overview extends Gateway {
  /** The settings block as text, with a placeholder for the key. */
  readonly settings: string
  readonly providers: readonly ListedProvider[]
  /** Newest first. */
  readonly exchanges: readonly StoredExchange[]
  readonly account: Account
}

/** Of whoever has signed in. */
interface Account {
  readonly email: string
  readonly hasPassword: boolean
  /** They have to know the old password to set a new one. */
  readonly needsCurrent: boolean
  /** What became of the last try to set one. */
  readonly told: { readonly isGood: boolean; readonly lines: readonly string[] } | undefined
}

/** Stands where a developer puts the key. */
export const KEY_PLACEHOLDER = 'YOUR_KEY'

/** For whoever has signed in. */
export function overviewPage(overview: Overview): string {
  return page(html`
    <header>
      <h1>Portcullis</h1>
      <p>Gateway for Claude Code · ${overview.version}</p>
      <form method="post" action="/signout"><button>Sign out</button></form>
    </header>
    <section>
      <h2>Connect Claude Code</h2>
      <p>The gateway is at <code>${overview.url}</code>. With a key, one command connects a machine:</p>
      <pre>${connectCommand(overview.url, KEY_PLACEHOLDER)}</pre>
      <p>Or paste this into <code>~/.claude/settings.json</code>:</p>
      <pre>${overview.settings}</pre>
    </section>
    <section>
      <h2>Providers</h2>
      ${providerTable(overview.providers)}
    </section>
    <section>
      <h2>Last requests</h2>
      ${exchangeTable(overview.exchanges)}
    </section>
    ${passwordSection(overview.account)}
  `)
}

function passwordSection({ email, hasPassword, needsCurrent, told }: Account): Html {
  return html`<section>
    <h2>${hasPassword ? 'Change your password' : 'Set a password'}</h2>
    ${(told?.lines ?? []).map((line) => html`<p class="${told?.isGood === true ? 'good' : 'bad'}">${line}</p>`)}
    <p>For <code>${email}</code>, so that you need no sign-in link the next time.</p>
    <form method="post" action="/password">
      ${needsCurrent ? field('current_password', 'Present password', 'password', 'current-password') : []}
      ${field('new_password', 'New password: at least 12 characters', 'password', 'new-password')}
      <button>Set it</button>
    </form>
    <p class="faint">All your other sessions end with it.</p>
  </section>`
}

/** For everybody else. `problem` is why the last try to sign in did not succeed. */
export function strangerPage(gateway: Gateway, problem?: string): string {
  return page(html`
    <header><h1>Portcullis</h1></header>
    <section>
      <h2>A gateway for Claude Code</h2>
      <p>
        Requests go through here to the providers this organisation uses, and are recorded with their usage and cost.
      </p>
      <p>Developers connect with the key they were given:</p>
      <pre>${connectCommand(gateway.url, KEY_PLACEHOLDER)}</pre>
    </section>
    <section>
      <h2>Sign in</h2>
      ${problem === undefined ? [] : html`<p class="bad">${problem}</p>`}
      <form method="post" action="/signin">
        ${field('email', 'E-mail address', 'email', 'username')}
        ${field('password', 'Password', 'password', 'current-password')}
        <button>Sign in</button>
      </form>
      <p class="faint">
        Or open a sign-in link: the one that the gateway printed when it was first started, or one that an administrator
        made for you. It works once, within 24 hours. Whoever runs the gateway gets one for its owner by starting it
        with
        <code>npm start -- --signin-link</code>.
      </p>
    </section>
  `)
}

/** For a link that was used, is too old, or never existed; which of them is nobody's business. */
export function deadLinkPage(): string {
  return page(html`
    <header><h1>Portcullis</h1></header>
    <section>
      <h2>This link does not work any more</h2>
      <p>A sign-in link works once, within 24 hours; an invite once, within seven days.</p>
      <p class="faint">
        Ask an administrator for another one. Whoever runs the gateway gets one for its owner by starting it with
        <code>npm start -- --signin-link</code>.
      </p>
    </section>
  `)
}

/** A step on the way to the overview, for who came from another site. */
export function signedInPage(): string {
  return page(html`
    <header><h1>Portcullis</h1></header>
    <section>
      <h2>You are signed in</h2>
      <p><a href="/">Go on</a></p>
    </section>
  `)
}

/** For somebody who was invited. `problems` are those of the last try. */
export function invitePage({ email, token, problems }: Invitation): string {
  return page(html`
    <header><h1>Portcullis</h1></header>
    <section>
      <h2>You are invited</h2>
      <p>This makes you, <code>${email}</code>, a user of this gateway for Claude Code.</p>
      ${problems.map((problem) => html`<p class="bad">${problem}</p>`)}
      <form method="post" action="/invite">
        <input type="hidden" name="token" value="${token}" />
        ${field('first_name', 'First name', 'text', 'given-name')}
        ${field('last_name', 'Last name', 'text', 'family-name')}
        ${field('password', 'Password, if you want one: at least 12 characters', 'password', 'new-password')}
        <button>Accept</button>
      </form>
      <p class="faint">Without a password you sign in by links that an administrator makes for you.</p>
    </section>
  `)
}

interface Invitation {
  readonly email: string
  readonly token: string
  readonly problems: readonly string[]
}

/** Right after accepting, for who was promised keys. They are shown here and never again. */
export function acceptedPage(url: string, keys: readonly NewKey[]): string {
  return page(html`
    <header><h1>Portcullis</h1></header>
    <section>
      <h2>Welcome</h2>
      <p>
        Your key is shown here and never again. Run the command where Claude Code is, or paste the lines below it into
        <code>~/.claude/settings.json</code>.
      </p>
      ${keys.map(
        ({ workspace, secret, settings }) =>
          html`<p>${workspace}</p>
            <pre>${connectCommand(url, secret)}</pre>
            <pre>${settings}</pre>`,
      )}
      <p><a href="/">Go on</a></p>
    </section>
  `)
}

interface NewKey {
  readonly workspace: string
  readonly secret: string
  /** The settings block with the key in it. */
  readonly settings: string
}

function field(name: string, label: string, type: string, autocomplete: string): Html {
  return html`<p>
    <label>${label}<br /><input name="${name}" type="${type}" autocomplete="${autocomplete}" /></label>
  </p>`
}

function page(body: Html): string {
  // One piece, so that nothing comes between the tags: browsers hash all that stands there.
  const style: Html = { markup: `<style>${STYLE}</style>` }
  return `<!doctype html>\n${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Portcullis</title>
        ${style}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.markup
  }\n`
}

function connectCommand(url: string, key: string): string {
  return `npx ${url}/cli.tgz connect --key ${key}`
}

function providerTable(providers: readonly ListedProvider[]): Html {
  if (providers.length === 0) {
    return html`<p class="faint">None yet. Add one with <code>POST /v1/integrations</code>.</p>`
  }
  return html`<table>
    <tr>
      <th>Provider</th>
      <th>Kind</th>
      <th>Integration</th>
      <th>Workspace</th>
    </tr>
    ${providers.map(
      (provider) =>
        html`<tr>
          <td><code>@${provider.slug}</code></td>
          <td>${provider.kind}</td>
          <td>${provider.integrationName}</td>
          <td>${provider.workspaceName}</td>
        </tr>`,
    )}
  </table>`
}

function exchangeTable(exchanges: readonly StoredExchange[]): Html {
  if (exchanges.length === 0)
    return html`<p class="faint">Nothing yet. The first request of a connected Claude Code will stand here.</p>`
  return html`<table>
    <tr>
      <th>Time (UTC)</th>
      <th>Model</th>
      <th>Provider</th>
      <th class="number">Input</th>
      <th class="number">Output</th>
      <th class="number">Cost</th>
      <th>Status</th>
    </tr>
    ${exchanges.map(
      (exchange) =>
        html`<tr>
          <td class="when">${showTime(exchange.received_at)}</td>
          <td>${cut(exchange.model_served ?? exchange.model_asked ?? '–')}</td>
          <td>${exchange.provider_slug === null ? '–' : `@${exchange.provider_slug}`}</td>
          <td class="number">${showCount(inputTokens(exchange))}</td>
          <td class="number">${showCount(exchange.output_tokens)}</td>
          <td class="number" title="$${formatDollars(exchange.cost_nanos)}">${showDollars(exchange.cost_nanos)}</td>
          <td class="${moodOf(exchange)}">${showStatus(exchange)}</td>
        </tr>`,
    )}
  </table>`
}

function showTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function showCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** Rounded to a hundredth of a cent; the exact amount stands in the title. */
function showDollars(nanos: Nanos): string {
  if (nanos > 0n && nanos < 100_000n) return '< $0.0001'
  return `$${(Number(nanos) / 1e9).toFixed(4)}`
}

function showStatus({ status, outcome, error_code: errorCode, interrupted_by: by }: StoredExchange): string {
  if (outcome === 'interrupted') return `${status}, interrupted${by === null ? '' : ` by ${by}`}`
  return errorCode === null ? String(status) : `${status} ${cut(errorCode)}`
}

function moodOf({ status, outcome }: StoredExchange): string {
  if (outcome === 'interrupted') return 'wait'
  return status < 400 ? 'good' : 'bad'
}

/** A model name has as many letters as its caller likes. */
function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
