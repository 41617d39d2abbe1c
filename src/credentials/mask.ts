/** What may be shown of a secret: its last four characters, and none at all when it is so short that four would tell much. */
export function maskSecret(secret: string, prefix = ''): string {
  return `${prefix}••••${secret.length >= 16 ? secret.slice(-4) : ''}`
}
