/** What may stand in a config, at its root and in every target. */
export const NODE_MEMBERS = [
  'strategy',
  'targets',
  'name',
  'provider',
  'virtual_key',
  'passthrough',
  'weight',
  'on_status_codes',
  'retry',
  'cache',
  'request_timeout',
  'override_params',
  'default_params',
  'drop_params',
  'forward_headers',
  'custom_host',
  'anthropic_beta',
  'anthropic_version',
  'cb_config',
  'strict_open_ai_compliance',
  'fetch_integrated_models',
] as const

export const STRATEGY_MEMBERS = ['mode', 'on_status_codes', 'conditions', 'default', 'sticky', 'cb_config'] as const

export const STRATEGY_MODES = ['single', 'fallback', 'loadbalance', 'conditional'] as const

const CREDENTIAL =
  'is part of a provider here: create one with this setting in the admin API or the console, and name it as provider: "@slug"'
const GUARDRAIL = 'is not served: this gateway runs no guardrails, hooks or mutators; leave it out'

/** Members that Portkey takes and this gateway does not, with what to do instead. They would change what a config means, so none is ignored. */
const UNSERVED: Readonly<Record<string, string>> = {
  api_key: CREDENTIAL,
  resource_name: CREDENTIAL,
  deployment_id: CREDENTIAL,
  deployments: CREDENTIAL,
  api_version: CREDENTIAL,
  prompt_id: 'is not served: this gateway keeps no prompts; send the whole request',
  input_guardrails: GUARDRAIL,
  output_guardrails: GUARDRAIL,
  default_input_guardrails: GUARDRAIL,
  default_output_guardrails: GUARDRAIL,
  before_request_hooks: GUARDRAIL,
  after_request_hooks: GUARDRAIL,
  input_mutators: GUARDRAIL,
  output_mutators: GUARDRAIL,
}

const CREDENTIAL_FAMILY = /^(?:aws|vertex|azure|openai|anthropic_workspace|workers_ai)_/

export function unservedMember(name: string): string | undefined {
  if (Object.hasOwn(UNSERVED, name)) return UNSERVED[name]
  return CREDENTIAL_FAMILY.test(name) ? CREDENTIAL : undefined
}
