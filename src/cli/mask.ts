import { findMember, rawAt, readJsonText, setAt } from './json-text.ts'

const SECRET_NAME = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i
/** As lines, `name: value`, or as OpenTelemetry lists them, `name=value,name=value`: then everything behind the first secret. */
const SECRET_HEADER = /((?:^|,)\s*(?:[^:=,\n]*-)?(?:key|apikey|token|secret|authorization|cookie)\s*[:=]\s*)(\S.*)$/gim

/** A secret as it may be shown: enough to tell two of them apart. */
export function maskSecret(secret: string): string {
  return secret.length < 12 ? '…' : `…${secret.slice(-4)}`
}

/** The text of a settings file with the secrets in its `env` masked, laid out as before. */
export function maskSettings(text: string): string {
  if (text.trim() === '') return text
  const env = findMember(readJsonText(text), 'env')?.value
  if (env?.kind !== 'object') return text
  let masked = text
  for (const { name } of env.members) {
    const value: unknown = JSON.parse(rawAt(text, ['env', name])!)
    if (typeof value !== 'string') continue
    const shown = SECRET_NAME.test(name)
      ? maskSecret(value)
      : value.replace(SECRET_HEADER, (_, head: string, secret: string) => head + maskSecret(secret))
    if (shown !== value) masked = setAt(masked, ['env', name], JSON.stringify(shown))
  }
  return masked
}
