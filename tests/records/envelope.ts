import type { Envelope } from '../../src/records/transcript.ts'

/** What stands around the bodies of an exchange in a test. */
export const ENVELOPE: Envelope = {
  method: 'POST',
  path: '/v1/messages?beta=true',
  requestHeaders: ['user-agent', 'claude-cli/2.1.330'],
  status: 200,
  responseHeaders: ['content-type', 'text/event-stream'],
  error: undefined,
}
