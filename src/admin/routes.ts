import { feedbackGraphs } from './analytics/feedback-graphs.ts'
import { analyticsGroups } from './analytics/groups.ts'
import { summariseCache } from './analytics/summarise-cache.ts'
import { usageGraphs } from './analytics/usage-graphs.ts'
import { createChannel } from './alerts/create-channel.ts'
import { deleteChannel } from './alerts/delete-channel.ts'
import { listAlerts } from './alerts/list-alerts.ts'
import { listChannels } from './alerts/list-channels.ts'
import { readChannel } from './alerts/read-channel.ts'
import { testChannel } from './alerts/test-channel.ts'
import { updateChannel } from './alerts/update-channel.ts'
import { createKey } from './api-keys/create-key.ts'
import { deleteKey } from './api-keys/delete-key.ts'
import { listKeys } from './api-keys/list-keys.ts'
import { readKey } from './api-keys/read-key.ts'
import { rotateKey } from './api-keys/rotate-key.ts'
import { updateKey } from './api-keys/update-key.ts'
import { listAudit } from './audit/list-audit.ts'
import { verifyTrail } from './audit/verify-trail.ts'
import { deleteCache } from './cache/delete-cache.ts'
import { listCircuits } from './circuits/list-circuits.ts'
import { listAgents } from './coding-sessions/list-agents.ts'
import { listCodingSessions } from './coding-sessions/list-coding-sessions.ts'
import { listClientEvents } from './coding-sessions/list-client-events.ts'
import { listOpenings } from './coding-sessions/list-openings.ts'
import { listTurns } from './coding-sessions/list-turns.ts'
import { readCodingSession } from './coding-sessions/read-coding-session.ts'
import { checkConfig } from './configs/check-config.ts'
import { createConfig } from './configs/create-config.ts'
import { deleteConfig } from './configs/delete-config.ts'
import { listConfigs } from './configs/list-configs.ts'
import { listVersions } from './configs/list-versions.ts'
import { readConfig } from './configs/read-config.ts'
import { readSchema } from './configs/read-schema.ts'
import { updateConfig } from './configs/update-config.ts'
import { configurationRoutes } from './configuration/configuration-routes.ts'
import { compareLogs } from './content/compare-logs.ts'
import { deleteLogContent } from './content/delete-log-content.ts'
import { deleteSessionContent } from './content/delete-session-content.ts'
import { deleteUserContent } from './content/delete-user-content.ts'
import { deleteWorkspaceContent } from './content/delete-workspace-content.ts'
import { listBodies } from './content/list-bodies.ts'
import { listLogOpenings } from './content/list-log-openings.ts'
import { readDelta } from './content/read-delta.ts'
import { readKeptBody } from './content/read-kept-body.ts'
import { replaySession } from './content/replay-session.ts'
import { explainKey } from './explain/explain-key.ts'
import { cancelExport } from './exports/cancel-export.ts'
import { createExport } from './exports/create-export.ts'
import { downloadExport } from './exports/download-export.ts'
import { listExports } from './exports/list-exports.ts'
import { listFieldRestrictions } from './exports/list-field-restrictions.ts'
import { readExport } from './exports/read-export.ts'
import { startExport } from './exports/start-export.ts'
import { updateExport } from './exports/update-export.ts'
import { createFeedback } from './feedback/create-feedback.ts'
import { updateFeedback } from './feedback/update-feedback.ts'
import { createIntegration } from './integrations/create-integration.ts'
import { deleteIntegration } from './integrations/delete-integration.ts'
import { deleteModels } from './integrations/delete-models.ts'
import { listAccess } from './integrations/list-access.ts'
import { listIntegrations } from './integrations/list-integrations.ts'
import { listModels } from './integrations/list-models.ts'
import { readIntegration } from './integrations/read-integration.ts'
import { updateAccess } from './integrations/update-access.ts'
import { updateIntegration } from './integrations/update-integration.ts'
import { updateModels } from './integrations/update-models.ts'
import { createInvite } from './invites/create-invite.ts'
import { deleteInvite } from './invites/delete-invite.ts'
import { listInvites } from './invites/list-invites.ts'
import { readInvite } from './invites/read-invite.ts'
import { resendInvite } from './invites/resend-invite.ts'
import { checkFilter } from './logs/check-filter.ts'
import { listFacets } from './logs/list-facets.ts'
import { createLogs } from './logs/create-logs.ts'
import { listLogs } from './logs/list-logs.ts'
import { readLog } from './logs/read-log.ts'
import { searchLogs } from './logs/search-logs.ts'
import { summariseUsage } from './logs/summarise-usage.ts'
import { readOrganisation } from './organisation/read-organisation.ts'
import { updateOrganisation } from './organisation/update-organisation.ts'
import { createRatePolicy, createUsagePolicy } from './policies/create-policy.ts'
import { deleteRatePolicy, deleteUsagePolicy } from './policies/delete-policy.ts'
import { listEntities } from './policies/list-entities.ts'
import { listRatePolicies, listUsagePolicies } from './policies/list-policies.ts'
import { readRatePolicy, readUsagePolicy } from './policies/read-policy.ts'
import { resetEntity } from './policies/reset-entity.ts'
import { updateRatePolicy, updateUsagePolicy } from './policies/update-policy.ts'
import { addPrices } from './prices/add-prices.ts'
import { listPrices } from './prices/list-prices.ts'
import { createProvider } from './providers/create-provider.ts'
import { deleteProvider } from './providers/delete-provider.ts'
import { listProviders } from './providers/list-providers.ts'
import { readProvider } from './providers/read-provider.ts'
import { updateProvider } from './providers/update-provider.ts'
import { createHold } from './record-rules/create-hold.ts'
import { deleteHold } from './record-rules/delete-hold.ts'
import { listHolds } from './record-rules/list-holds.ts'
import { readRecordRules } from './record-rules/read-record-rules.ts'
import { testMasking } from './record-rules/test-masking.ts'
import type { AdminRoute } from './route.ts'
import { changePassword } from './console-sessions/change-password.ts'
import { readCurrent } from './console-sessions/read-current.ts'
import { readTrace } from './traces/read-trace.ts'
import { breakDown } from './usage/break-down.ts'
import { listClientMetrics } from './usage/list-client-metrics.ts'
import { listSeries } from './usage/list-series.ts'
import { createSignInLink } from './users/create-sign-in-link.ts'
import { deleteUser } from './users/delete-user.ts'
import { listUsers } from './users/list-users.ts'
import { readUser } from './users/read-user.ts'
import { updateUser } from './users/update-user.ts'
import { createVirtualKey } from './virtual-keys/create-virtual-key.ts'
import { deleteVirtualKey } from './virtual-keys/delete-virtual-key.ts'
import { listVirtualKeys } from './virtual-keys/list-virtual-keys.ts'
import { readVirtualKey } from './virtual-keys/read-virtual-key.ts'
import { updateVirtualKey } from './virtual-keys/update-virtual-key.ts'
import { addMembers } from './workspaces/add-members.ts'
import { createWorkspace } from './workspaces/create-workspace.ts'
import { deleteMember } from './workspaces/delete-member.ts'
import { deleteWorkspace } from './workspaces/delete-workspace.ts'
import { listMembers } from './workspaces/list-members.ts'
import { listWorkspaces } from './workspaces/list-workspaces.ts'
import { readMember } from './workspaces/read-member.ts'
import { readWorkspace } from './workspaces/read-workspace.ts'
import { updateMember } from './workspaces/update-member.ts'
import { updateWorkspace } from './workspaces/update-workspace.ts'

/** One endpoint for each thing that can be done. */
const SINGLE_ROUTES: readonly AdminRoute[] = [
  listIntegrations,
  createIntegration,
  readIntegration,
  updateIntegration,
  deleteIntegration,
  listModels,
  updateModels,
  deleteModels,
  listAccess,
  updateAccess,
  listProviders,
  createProvider,
  readProvider,
  updateProvider,
  deleteProvider,
  listVirtualKeys,
  createVirtualKey,
  readVirtualKey,
  updateVirtualKey,
  deleteVirtualKey,
  listCircuits,
  deleteCache,
  readSchema,
  checkConfig,
  listConfigs,
  createConfig,
  readConfig,
  updateConfig,
  deleteConfig,
  listVersions,
  createKey,
  listKeys,
  readKey,
  updateKey,
  deleteKey,
  rotateKey,
  listWorkspaces,
  createWorkspace,
  readWorkspace,
  updateWorkspace,
  deleteWorkspace,
  addMembers,
  listMembers,
  readMember,
  updateMember,
  deleteMember,
  readOrganisation,
  updateOrganisation,
  listUsagePolicies,
  createUsagePolicy,
  readUsagePolicy,
  updateUsagePolicy,
  deleteUsagePolicy,
  listEntities,
  resetEntity,
  listRatePolicies,
  createRatePolicy,
  readRatePolicy,
  updateRatePolicy,
  deleteRatePolicy,
  listUsers,
  readUser,
  updateUser,
  deleteUser,
  createSignInLink,
  createInvite,
  listInvites,
  readInvite,
  deleteInvite,
  resendInvite,
  readCurrent,
  changePassword,
  createLogs,
  listLogs,
  listFacets,
  searchLogs,
  checkFilter,
  readLog,
  createExport,
  listExports,
  listFieldRestrictions,
  readExport,
  updateExport,
  startExport,
  cancelExport,
  downloadExport,
  compareLogs,
  listBodies,
  readKeptBody,
  readDelta,
  listLogOpenings,
  deleteLogContent,
  listCodingSessions,
  readCodingSession,
  listTurns,
  listAgents,
  listClientEvents,
  replaySession,
  listOpenings,
  deleteSessionContent,
  readTrace,
  createFeedback,
  updateFeedback,
  readRecordRules,
  testMasking,
  listHolds,
  createHold,
  deleteHold,
  deleteUserContent,
  deleteWorkspaceContent,
  summariseUsage,
  listSeries,
  breakDown,
  listClientMetrics,
  ...usageGraphs,
  ...feedbackGraphs,
  ...analyticsGroups,
  summariseCache,
  listPrices,
  addPrices,
  explainKey,
  listAlerts,
  listChannels,
  createChannel,
  readChannel,
  updateChannel,
  deleteChannel,
  testChannel,
  listAudit,
  verifyTrail,
]

/** Every endpoint of the admin API, in the order of the reference. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [...SINGLE_ROUTES, ...configurationRoutes(SINGLE_ROUTES)]
