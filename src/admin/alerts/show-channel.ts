import type { z } from 'zod'
import type { Channel } from '../../contract/alerts.ts'
import type { AlertChannel } from '../../store/alert-channels.ts'
import { showMoment } from '../show-moment.ts'

export function showChannel(channel: AlertChannel): z.output<typeof Channel> {
  return {
    id: channel.id,
    name: channel.name,
    kind: channel.kind,
    events: [...channel.events],
    workspace_id: channel.workspaceId ?? null,
    url: channel.settings.origin ?? null,
    to: channel.settings.to === undefined ? null : [...channel.settings.to],
    enabled: channel.enabled,
    created_at: showMoment(channel.createdAt),
    last_updated_at: showMoment(channel.updatedAt),
    object: 'alert-channel',
  }
}
