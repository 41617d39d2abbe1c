import { createHmac } from 'node:crypto'

/**
 * The header by which a receiver knows that an alert is ours and of now: `t=<seconds since the epoch>,v1=<hex>`, where the second is the
 * HMAC-SHA-256 of `<t>.<body>` under the channel's secret.
 */
export function signBody(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
