import { styleText } from 'node:util'
import type { App } from './app.ts'

interface Announced extends Pick<App, 'publicUrl' | 'url' | 'firstSecrets'> {
  /** A fresh link that signs the owner in, when one was asked for. */
  readonly signInLink: string | undefined
}

/** What the terminal shows once the gateway listens: at the first start all that a newcomer needs, later one line. */
export function banner(app: Announced, { colours }: { colours: boolean }): string {
  const { publicUrl, url, firstSecrets, signInLink } = app
  const strong = (text: string) => (colours ? styleText('bold', text, { validateStream: false }) : text)
  const faint = (text: string) => (colours ? styleText('dim', text, { validateStream: false }) : text)
  const listening = `Portcullis listens on ${strong(url)}${publicUrl === url ? '' : `, reached at ${strong(publicUrl)}`}`
  if (firstSecrets === undefined) {
    const link =
      signInLink === undefined
        ? faint('For a sign-in link, start it with npm start -- --signin-link.')
        : `Sign in (one use, 24 hours): ${strong(signInLink)}`
    return `\n  ${listening}\n  ${link}\n  ${faint('Stop with Ctrl-C.')}\n\n`
  }
  const { signInToken, administratorKey, developerKey } = firstSecrets
  return [
    '',
    `  ${listening}`,
    '',
    `  ${faint('Shown once. Keep what you need.')}`,
    '',
    `  Sign in as administrator (one use, 24 hours)`,
    `    ${strong(`${publicUrl}/signin?token=${signInToken}`)}`,
    ...(administratorKey === undefined ? [] : ['', '  Administrator’s API key', `    ${strong(administratorKey)}`]),
    '',
    '  Developer’s key',
    `    ${strong(developerKey)}`,
    '',
    '  Connect Claude Code, in a second terminal',
    `    ${strong(`npx ${publicUrl}/cli.tgz connect --key ${developerKey}`)}`,
    '',
    '  Or try it with curl: @sandbox answers without a provider account',
    `    ${strong(`curl -N ${publicUrl}/v1/messages -H 'x-api-key: ${developerKey}' \\`)}`,
    `    ${strong(`  -H 'content-type: application/json' -d '{"model":"claude-sonnet-5-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'`)}`,
    '',
    `  ${faint('Stop with Ctrl-C.')}`,
    '',
    '',
  ].join('\n')
}
