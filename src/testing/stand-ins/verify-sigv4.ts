import { createHash, createHmac } from 'node:crypto'
import { header, type HeaderLines } from '../../core/headers.ts'

interface Signed {
  readonly method: string
  /** As it stood on the wire. */
  readonly path: string
  readonly headers: HeaderLines
  readonly body: Buffer
}

/**
 * Whether a request is signed with this secret: Signature Version 4 worked out once more from AWS's description of it, without the library that
 * the product signs with.
 */
export function isSignedWith({ method, path, headers, body }: Signed, secret: string): boolean {
  const proof = /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
    header(headers, 'authorization') ?? '',
  )
  if (proof === null) return false
  const [, scope = '', names = '', signature] = proof
  const [steps = '', query = ''] = path.split('?', 2)
  const canonical = [
    method,
    steps.split('/').map(encode).join('/'),
    query.split('&').toSorted().join('&'),
    ...names.split(';').map((name) => `${name}:${(header(headers, name) ?? '').trim()}`),
    '',
    names,
    createHash('sha256').update(body).digest('hex'),
  ].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = ['AWS4-HMAC-SHA256', header(headers, 'x-amz-date'), scope, digest].join('\n')
  const key = scope.split('/').reduce<Buffer>((last, part) => hmac(last, part), Buffer.from(`AWS4${secret}`))
  return hmac(key, text).toString('hex') === signature
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Everything but letters, digits and four marks. */
function encode(step: string): string {
  return encodeURIComponent(step).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
