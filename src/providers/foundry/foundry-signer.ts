import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { createAccessTokens, type AccessToken } from '../access-tokens.ts'
import type { Signer, Upstream } from '../adapter.ts'
import { readTokenAnswer } from '../token-answer.ts'
import { unavailable, type TokenExchange } from '../token-exchange.ts'

export interface FoundrySignerParts {
  readonly clock: Clock
  readonly exchange: TokenExchange
  /** Scheme and host of Entra ID, by default `https://login.microsoftonline.com`. */
  readonly loginOrigin?: string
}

/** What a token for Foundry is asked for (learn.microsoft.com, "Deploy and use Claude models in Microsoft Foundry"). */
const FOUNDRY_SCOPE = 'https://ai.azure.com/.default'

/** An API key in `x-api-key`, or the token of an application in Entra ID as a bearer. */
export function createFoundrySigner(parts: FoundrySignerParts): Signer {
  const { clock, exchange, loginOrigin = 'https://login.microsoftonline.com' } = parts
  const tokens = createAccessTokens({ clock })

  return {
    sign(request, upstream, signal) {
      if (upstream.settings.azure_auth_mode !== 'entra') {
        const key = upstream.credential()?.key
        if (key === undefined) throw unavailable(`@${upstream.slug} has no API key`)
        return { ...request, headers: [...request.headers, 'x-api-key', key] }
      }
      const application = applicationOf(upstream)
      const bearer = (token: string) => ({
        ...request,
        headers: [...request.headers, 'authorization', `Bearer ${token}`],
      })
      const token = tokens.get(
        upstream.integrationId,
        proofOf(application),
        () => obtain(application, upstream),
        signal,
      )
      return typeof token === 'string' ? bearer(token) : token.then(bearer)
    },
    forget: (upstream) => upstream.settings.azure_auth_mode === 'entra' && tokens.forget(upstream.integrationId),
  }

  /** The client credentials grant (RFC 6749, 4.4). */
  async function obtain({ tenant, client, secret, scope }: Application, { slug }: Upstream): Promise<AccessToken> {
    const answer = await exchange.ask({
      method: 'POST',
      url: `${loginOrigin}/${tenant}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client,
        client_secret: secret,
        scope,
      }).toString(),
    })
    return readTokenAnswer(answer, clock.now(), `Entra ID, asked for @${slug},`)
  }
}

/** An application that is registered in Entra ID. */
interface Application {
  readonly tenant: string
  readonly client: string
  readonly secret: string
  readonly scope: string
}

/** A tenant stands in a path: an id, or a domain. */
const TENANT = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/

function applicationOf({ slug, settings, credential }: Upstream): Application {
  const tenant = settings.azure_entra_tenant_id
  const client = settings.azure_entra_client_id
  const secret = credential()?.azure_entra_client_secret
  if (tenant === undefined || client === undefined || secret === undefined) {
    throw unavailable(`@${slug} lacks azure_entra_tenant_id, azure_entra_client_id or azure_entra_client_secret`)
  }
  if (!TENANT.test(tenant)) throw unavailable(`The azure_entra_tenant_id of @${slug} is neither an id nor a domain`)
  return { tenant, client, secret, scope: settings.azure_entra_scope ?? FOUNDRY_SCOPE }
}

/** Changes with anything that makes for another token, and tells no secret. */
function proofOf({ tenant, client, secret, scope }: Application): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, client, secret, scope]))
    .digest('hex')
}
