import { importPKCS8, SignJWT } from 'jose'
import type { Clock } from '../../core/clock.ts'
import type { AccessToken } from '../access-tokens.ts'
import { readTokenAnswer } from '../token-answer.ts'
import { unavailable, type TokenExchange } from '../token-exchange.ts'
import type { ServiceAccountKey } from './key-file.ts'

/** What a token for the Gemini Enterprise Agent Platform, formerly Vertex AI, is asked for. */
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

/** Google takes no assertion that lives longer (developers.google.com/identity/protocols/oauth2/service-account). */
const ASSERTION_SECONDS = 3600

interface ServiceAccountParts {
  readonly clock: Clock
  readonly exchange: TokenExchange
  readonly slug: string
  readonly keyFile: ServiceAccountKey
}

/**
 * A service account proves itself with an assertion that it has signed (RFC 7523). Made here and not by google-auth-library, which sends it
 * to Google's own address whatever `token_uri` the key file names.
 */
export async function serviceAccountToken({
  clock,
  exchange,
  slug,
  keyFile,
}: ServiceAccountParts): Promise<AccessToken> {
  const { tokenUri } = keyFile
  const assertion = await sign(keyFile, Math.floor(clock.now() / 1000))
  const answer = await exchange.ask({
    method: 'POST',
    url: tokenUri,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
  })
  return readTokenAnswer(answer, clock.now(), `Google's token server, asked for @${slug},`)
}

async function sign(keyFile: ServiceAccountKey, nowSeconds: number): Promise<string> {
  const { clientEmail, privateKey, privateKeyId, tokenUri } = keyFile
  let key
  try {
    key = await importPKCS8(privateKey, 'RS256')
  } catch {
    throw unavailable('The private_key of the Google key file is no RSA key in PKCS#8')
  }
  return new SignJWT({ scope: CLOUD_PLATFORM })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(privateKeyId !== undefined && { kid: privateKeyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUri)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + ASSERTION_SECONDS)
    .sign(key)
}
