import type { Explanation } from '../../contract/explain.ts'
import type { ApiKey } from '../../store/keys.ts'
import type { PreviewedCall } from '../parts.ts'

const STATES = {
  administrative: 'This key administers; it calls no models.',
  revoked: 'This key was revoked.',
  suspended: 'The person whose key this is has been suspended.',
  expired: 'This key has expired.',
  unknown: 'This key is not in force.',
} as const

/** What would become of a call, in one sentence. */
export function tellVerdict(
  previewed: PreviewedCall,
  { scopes }: Pick<ApiKey, 'scopes'>,
  budgets: Explanation['budgets'],
): Explanation['verdict'] {
  if (previewed.state !== 'active') return { served: false, message: STATES[previewed.state] }
  if (!scopes.includes('completions.write')) {
    return { served: false, message: 'This key may not call models: it lacks the scope completions.write.' }
  }
  const { refusal, targets } = previewed.call
  // A client that names none is told so in the words of the API; here somebody is asking a question.
  if (refusal?.code === 'model.missing') {
    return { served: false, message: 'Name a model as well: which target serves and which limits apply depends on it.' }
  }
  if (refusal !== undefined) return { served: false, message: refusal.message }
  const able = targets.filter(({ serves }) => serves !== undefined)
  const spent = (path: string) =>
    budgets.find(
      ({ targets: paths, status, enforcement }) =>
        paths.includes(path) && status === 'exhausted' && enforcement === 'hard',
    )
  const open = able.find(({ path }) => spent(path) === undefined)
  if (open?.serves !== undefined) {
    const { providerSlug, model } = open.serves
    return { served: true, message: `@${providerSlug} serves ${model}.` }
  }
  const [first] = able
  const budget = first === undefined ? undefined : spent(first.path)
  if (budget === undefined)
    return { served: false, message: targets[0]?.refusal?.message ?? 'No target can serve this.' }
  if (Number(budget.credit_limit) === 0) {
    return { served: false, message: `${capitalised(budget.of)} has a budget of nothing, so this is not allowed.` }
  }
  const until =
    budget.next_usage_reset_at === null
      ? 'It never resets by itself.'
      : `It begins anew at ${budget.next_usage_reset_at}.`
  return { served: false, message: `The budget of ${budget.of} is spent. ${until}` }
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
