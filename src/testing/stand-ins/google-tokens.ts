import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import type { Scene } from '../../providers/scripted/scene.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../scripted-upstream.ts'
import { documentScene } from './faults.ts'

/** Google's token server and a metadata server in one, with the service account that they know. */
export interface GoogleTokens {
  readonly origin: string
  /** A service account's key file, as JSON text; its `token_uri` leads here. */
  readonly keyFile: string
  /** What was asked so far. */
  readonly requests: ScriptedUpstream['requests']
  /** How many tokens were given out. */
  readonly issued: number
  /** Whether it gave this one out. */
  knows(token: string): boolean
  stop(): Promise<void>
}

export interface GoogleTokensOptions {
  readonly project?: string
  /** Seconds that a token lives, by default 3600. */
  readonly lifetimeSeconds?: number
  /** Milliseconds since the epoch, for the assertion's dates; by default the machine's clock. */
  readonly now?: () => number
  /** An answer instead of a token, for the request of that number from 0. */
  readonly refuse?: (ordinal: number) => { readonly status: number; readonly document: unknown } | undefined
}

const EMAIL = 'gateway@acme-claude.iam.gserviceaccount.com'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export async function startGoogleTokens(options: GoogleTokensOptions = {}): Promise<GoogleTokens> {
  const { project = 'acme-claude', lifetimeSeconds = 3600, now = Date.now, refuse = () => undefined } = options
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  const tokens = new Set<string>()

  const server = await startScriptedUpstream({ direct: answer })
  const tokenUri = `${server.origin}/token`

  function answer(request: UpstreamRequest, ordinal: number): Scene {
    const refusal = refuse(ordinal)
    if (refusal !== undefined) return documentScene(refusal.status, refusal.document)
    const problem = judge(request)
    if (problem !== undefined) return documentScene(400, { error: 'invalid_grant', error_description: problem })
    const token = `ya29.stand-in-${tokens.size + 1}`
    tokens.add(token)
    const flavor = request.path === '/token' ? [] : ['metadata-flavor', 'Google']
    return documentScene(200, { access_token: token, expires_in: lifetimeSeconds, token_type: 'Bearer' }, flavor)
  }

  function judge({ path, headers, body }: UpstreamRequest): string | undefined {
    const text = body.toString('utf8')
    // Google's library asks for scopes in a query, which the server takes.
    if (path.replace(/\?.*/, '') === '/computeMetadata/v1/instance/service-accounts/default/token') {
      const flavor = headers.findIndex((line, at) => at % 2 === 0 && line.toLowerCase() === 'metadata-flavor')
      return headers[flavor + 1] === 'Google' ? undefined : 'Missing Metadata-Flavor:Google header.'
    }
    if (path !== '/token') return `There is nothing at ${path}`
    const form = new URLSearchParams(text)
    if (form.get('grant_type') !== JWT_BEARER) return 'Unknown grant_type'
    return judgeAssertion(form.get('assertion') ?? '')
  }

  function judgeAssertion(assertion: string): string | undefined {
    const [head = '', claims = '', signature = ''] = assertion.split('.')
    if (read(head)['alg'] !== 'RS256') return 'The assertion is not RS256'
    if (!verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))) {
      return 'Invalid JWT Signature.'
    }
    const { iss, aud, scope, iat, exp } = read(claims)
    const seconds = now() / 1000
    if (iss !== EMAIL) return 'Invalid issuer'
    if (aud !== tokenUri) return 'Invalid audience'
    if (scope !== 'https://www.googleapis.com/auth/cloud-platform') return 'Invalid scope'
    if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > 3600) return 'The lifetime is too long'
    return iat <= seconds + 60 && exp > seconds ? undefined : 'The assertion is of another time'
  }

  return {
    origin: server.origin,
    keyFile: JSON.stringify({
      type: 'service_account',
      project_id: project,
      private_key_id: 'stand-in',
      private_key: pem,
      client_email: EMAIL,
      token_uri: tokenUri,
    }),
    requests: server.requests,
    get issued() {
      return tokens.size
    },
    knows: (token) => tokens.has(token),
    stop: () => server.stop(),
  }
}

function read(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
}
