import type { Adapter } from './adapter.ts'
import { anthropicAdapter } from './anthropic.ts'
import { listenToAws } from './bedrock/listen.ts'
import { wireModel } from './model-ids.ts'

/** Claude Platform on AWS: Anthropic's own API, and a workspace that has to be named. Only its front door speaks AWS. */
export const claudePlatformAwsAdapter: Adapter = {
  wireModel: (model, { platform, settings }) => wireModel(platform, settings, model),
  encode(call, upstream) {
    const { request, changes } = anthropicAdapter.encode(call, upstream)
    const { anthropic_workspace_id: workspace } = upstream.settings
    const isOurs = (name: string) => name === 'anthropic-workspace-id' || name.startsWith('x-amz')
    const headers = request.headers.filter((_, at) => !isOurs(request.headers[at - (at % 2)]!.toLowerCase()))
    if (workspace !== undefined) headers.push('anthropic-workspace-id', workspace)
    return { request: { ...request, headers }, changes }
  },
  listen: listenToAws,
}
