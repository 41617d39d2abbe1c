import { errorScene } from './behaviours/fail.ts'
import { countInput } from './measure.ts'
import { behaviourOf } from './models.ts'
import { jsonScene } from './render.ts'
import { readAsk, seedOf, type ScriptRequest } from './request.ts'
import type { Scene } from './scene.ts'

/** The scripted provider: which scene a request gets. The model's name decides, and nothing but the request is looked at. */
export function script(request: ScriptRequest): Scene {
  const ask = readAsk(request)
  if (typeof ask === 'string') return errorScene({ seed: seedOf(request) }, 400, 'invalid_request_error', ask)
  const behave = behaviourOf(request.playAs ?? ask.model)
  if (behave === undefined) return errorScene(ask, 404, 'not_found_error', `model: ${ask.model}`)
  // Counting is served by every model, as a provider that is out of breath for messages still counts.
  if (request.endpoint === 'count_tokens') return jsonScene(ask, 200, JSON.stringify({ input_tokens: countInput(ask) }))
  return behave(ask)
}
