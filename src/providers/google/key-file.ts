import { unavailable } from '../token-exchange.ts'

/** The key file of a service account, as far as a token needs it. */
export interface ServiceAccountKey {
  readonly type: 'service_account'
  readonly clientEmail: string
  /** PKCS#8 in PEM. */
  readonly privateKey: string
  readonly privateKeyId: string | undefined
  /** Where its assertion is exchanged. */
  readonly tokenUri: string
  readonly projectId: string | undefined
}

/** A file that google-auth-library reads: a workload identity federation, or the sign-in of a person. */
export interface FederatedFile {
  readonly type: 'external_account' | 'authorized_user'
  /** As it was written, with Google's names. */
  readonly document: Readonly<Record<string, unknown>>
  readonly projectId: string | undefined
}

export type GoogleKeyFile = ServiceAccountKey | FederatedFile

/** A file with its certificates is some 3 KB. */
const FILE_CHARACTERS_MAX = 64 * 1024

/** Where Google exchanges assertions, for files that do not say. */
const TOKEN_URI = 'https://oauth2.googleapis.com/token'

/** Reads a key file of Google's. Throws `credential.unavailable`; no part of the file is in its text. */
export function readKeyFile(text: string): GoogleKeyFile {
  const document = parse(text)
  const word = (name: string) => {
    const value = document[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const type = word('type')
  const projectId = word('project_id') ?? word('quota_project_id')
  if (type === 'external_account' || type === 'authorized_user') return { type, document, projectId }
  if (type !== 'service_account') {
    throw unavailable(
      'The Google key file is of no type that is known: service_account, external_account, authorized_user',
    )
  }
  const clientEmail = word('client_email')
  const privateKey = word('private_key')
  if (clientEmail === undefined || privateKey === undefined) {
    throw unavailable('The Google key file lacks client_email or private_key')
  }
  const tokenUri = word('token_uri') ?? TOKEN_URI
  return { type, clientEmail, privateKey, privateKeyId: word('private_key_id'), tokenUri, projectId }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  if (text.length > FILE_CHARACTERS_MAX) throw unavailable('The Google key file is larger than 64 KB')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw unavailable('The Google key file is not JSON')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw unavailable('The Google key file is not a JSON object')
  }
  return document as Readonly<Record<string, unknown>>
}
