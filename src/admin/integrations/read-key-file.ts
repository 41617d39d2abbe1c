import { z } from 'zod'
import { checkHost } from '../../core/hosts.ts'

const PLACE = 'configurations.vertex_service_account_json'

/** What Google's console hands out for a service account. */
const ServiceAccount = z.object({
  type: z.literal('service_account').optional(),
  client_email: z.string().min(1),
  private_key: z.string().includes('PRIVATE KEY'),
  project_id: z.string().optional(),
  token_uri: z.string().optional(),
})

/** The file of a workload identity federation. One that runs a command would let its writer run it on this machine. */
const Federation = z.object({
  type: z.literal('external_account'),
  audience: z.string().min(1),
  subject_token_type: z.string().min(1),
  token_url: z.string(),
  service_account_impersonation_url: z.string().optional(),
  credential_source: z.record(z.string(), z.unknown()).refine((source) => !Object.hasOwn(source, 'executable'), {
    error: 'may not run a command; use file, url or aws',
  }),
})

export interface KeyFile {
  readonly isFederated: boolean
  readonly projectId: string | undefined
}

/** Checks a key file of Google's, the addresses in it too: what proves the account is sent there. */
export function readKeyFile(
  text: string | undefined,
  trustedHosts: readonly string[],
  problems: string[],
): KeyFile | undefined {
  const value = text === undefined ? undefined : parse(text)
  if (text === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${PLACE}: has to be a JSON object`)
    return undefined
  }
  const isFederated = 'type' in value && value.type === 'external_account'
  const read = isFederated ? Federation.safeParse(value) : ServiceAccount.safeParse(value)
  if (!read.success) {
    problems.push(...read.error.issues.map(({ path, message }) => `${[PLACE, ...path].join('.')}: ${message}`))
    return undefined
  }
  for (const member of ['token_uri', 'token_url', 'service_account_impersonation_url']) {
    const url: unknown = Reflect.get(read.data, member)
    const verdict = typeof url === 'string' ? checkHost(url, trustedHosts) : undefined
    if (verdict?.allowed === false) problems.push(`${PLACE}.${member}: is refused: ${verdict.reason}`)
  }
  return { isFederated, projectId: 'project_id' in read.data ? read.data.project_id : undefined }
}

/** Undefined for what is not JSON. The length was limited where the request was read. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
