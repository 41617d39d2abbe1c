import type { Scene } from '../../providers/scripted/scene.ts'
import { type ScriptedUpstream, startScriptedUpstream, type UpstreamRequest } from '../scripted-upstream.ts'
import { isSignedWith } from './verify-sigv4.ts'

/** AWS's token server on loopback: it checks who asks, and gives out the keys of roles. */
export interface StsStandIn extends Pick<ScriptedUpstream, 'origin' | 'requests' | 'stop'> {
  /** The keys that may assume roles. */
  readonly keyId: string
  readonly key: string
  /** The fields of every request so far. */
  readonly asked: readonly Readonly<Record<string, string>>[]
}

export interface StsStandInOptions {
  /** Whether the request of that number, counted from 0, is refused. */
  readonly refuse?: (ordinal: number) => boolean
  /** When the keys end; by default one hour after the beginning of a manual clock. */
  readonly endsAt?: Date
}

const KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

export async function startStsStandIn(options: StsStandInOptions = {}): Promise<StsStandIn> {
  const { refuse = () => false, endsAt = new Date(Date.UTC(2026, 10, 23, 1)) } = options
  const asked: Readonly<Record<string, string>>[] = []
  let issued = 0
  const server = await startScriptedUpstream({ direct: answer })

  function answer(request: UpstreamRequest, ordinal: number): Scene {
    asked.push(Object.fromEntries(new URLSearchParams(request.body.toString('utf8'))))
    if (refuse(ordinal) || !isSignedWith(request, KEY)) return xml(403, REFUSAL)
    issued += 1
    return xml(
      200,
      `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>ASIDEXAMPLE${issued}</AccessKeyId><SecretAccessKey>secret-${issued}</SecretAccessKey>
        <SessionToken>session-${issued}</SessionToken><Expiration>${endsAt.toISOString()}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    )
  }

  return {
    origin: server.origin,
    requests: server.requests,
    stop: server.stop,
    keyId: 'AKIDEXAMPLE',
    key: KEY,
    asked,
  }
}

const REFUSAL = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
  <Code>AccessDenied</Code><Message>Not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`

function xml(status: number, text: string): Scene {
  const bytes = Buffer.from(text)
  const headers = ['content-type', 'text/xml', 'content-length', String(bytes.length)]
  return { steps: [{ kind: 'head', status, headers }, { kind: 'bytes', bytes }, { kind: 'end' }] }
}
