import type { HeaderLines } from '../../core/headers.ts'
import { readString } from '../../core/json.ts'
import type { Adapter, Change, ModelCall } from '../adapter.ts'
import { forUpstream } from '../anthropic.ts'
import { wireModel } from '../model-ids.ts'
import { rewriteErrors } from '../rewrite-errors.ts'
import { type BodyShape, MESSAGES_BODY, translate } from '../translation/translate.ts'
import { explainAzureError } from './foundry-errors.ts'

/** Claude in Microsoft Foundry: the Messages API at a resource of Azure's; `model` is the name of a deployment. */
export const foundryAdapter: Adapter = {
  wireModel: (model, { platform, settings }) => wireModel(platform, settings, model),

  encode(call, upstream) {
    const isFast = readString(call.body.bytes, call.body.members.find('speed')) === 'fast'
    const { body, contentEncoding, headers, changes } = isFast
      ? translate(atFastDeployment(call), upstream, WITHOUT_SPEED)
      : translate(call, upstream, MESSAGES_BODY)
    const endpoint = call.endpoint === 'messages' ? '/messages' : '/messages/count_tokens'
    return {
      request: {
        method: 'POST',
        origin: upstream.origin,
        // Without the client's query: `?beta=true` is known to Anthropic's own API alone.
        path: upstream.basePath + endpoint,
        headers: forFoundry(forUpstream(headers, contentEncoding)),
        body,
      },
      changes: isFast ? [...changes, FAST] : changes,
    }
  },

  listen: (_call, _upstream, handler) => rewriteErrors(handler, explainAzureError),
}

/** Fast mode is a deployment of its own here, not a field. */
const WITHOUT_SPEED: BodyShape = { ...MESSAGES_BODY, without: ['speed'] }
const FAST: Change = { action: 'moved', what: 'speed fast to the deployment' }

function atFastDeployment(call: ModelCall): ModelCall {
  return call.wireModel.endsWith('-fast') ? call : { ...call, wireModel: `${call.wireModel}-fast` }
}

/** Azure reads keys here too, so that a caller's own would stand beside the account's. */
function forFoundry(headers: HeaderLines): HeaderLines {
  return headers.filter((_, at) => headers[at - (at % 2)]!.toLowerCase() !== 'api-key')
}
