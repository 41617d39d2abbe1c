import type { Scene } from '../../providers/scripted/scene.ts'
import { script } from '../../providers/scripted/script.ts'

/** What may go wrong with one call. Errors are told in the words of the platform that a stand-in plays. */
export type Fault =
  | 'internal'
  | 'unavailable'
  | 'overloaded'
  | 'rate-limited'
  | 'forbidden'
  | 'unauthenticated'
  /** Status 200, then an error event before the message. */
  | 'error-event-first'
  /** Status 200, and the connection breaks before the message. */
  | 'cut-before-content'
  /** The connection breaks inside the text. */
  | 'cut-after-content'
  /** A web page with status 200. */
  | 'html'
  | 'redirect'
  /** Nothing at all, for ever. */
  | 'silent'

/** Picks what goes wrong with the Messages call of that number, counted from 0; undefined for a good answer. */
export type FaultPlan = (ordinal: number) => Fault | undefined

/** The n-th fault for the n-th call; later calls are answered well. */
export function faultsInOrder(...faults: readonly (Fault | undefined)[]): FaultPlan {
  return (ordinal) => faults[ordinal]
}

const PLAYED_AS: Partial<Record<Fault, string>> = {
  'error-event-first': 'sandbox-overloaded-late',
  'cut-before-content': 'sandbox-cut-start',
  'cut-after-content': 'sandbox-cut',
  html: 'sandbox-garbage',
  silent: 'sandbox-silent-first',
}

/** A Messages body, with its model, is answered as the scripted provider does, or as badly as asked. */
export function answerScene(
  document: Readonly<Record<string, unknown>>,
  endpoint: 'messages' | 'count_tokens',
  fault: Fault | undefined,
  /** A sandbox model whose behaviour answers well; without, the one that the document names. */
  usually?: string,
): Scene {
  if (fault === 'redirect') return plainScene(302, '', ['location', 'https://elsewhere.example/'])
  const playAs = fault === undefined ? usually : PLAYED_AS[fault]
  const body = Buffer.from(JSON.stringify(document))
  return script({ endpoint, headers: [], body, ...(playAs !== undefined && { playAs }) })
}

/** A document with its status. */
export function documentScene(status: number, document: unknown, headers: readonly string[] = []): Scene {
  return plainScene(status, JSON.stringify(document), ['content-type', 'application/json', ...headers])
}

function plainScene(status: number, text: string, headers: readonly string[]): Scene {
  const bytes = Buffer.from(text)
  const lines = [...headers, 'content-length', String(bytes.length)]
  return { steps: [{ kind: 'head', status, headers: lines }, { kind: 'bytes', bytes }, { kind: 'end' }] }
}
