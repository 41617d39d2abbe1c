/* oxlint-disable unicorn/no-thenable -- A config's conditions say `then`, and nobody awaits one. */
import type { NODE_MEMBERS, STRATEGY_MEMBERS } from './config-members.ts'

type Schema = Readonly<Record<string, unknown>>

const statusCodes: Schema = { type: 'array', maxItems: 500, items: { type: 'integer', minimum: 100, maximum: 599 } }
const params: Schema = { type: 'object', properties: { stream: false } }

const breaker: Schema = {
  description: 'When to leave a target alone, and for how long.',
  type: 'object',
  additionalProperties: false,
  anyOf: [{ required: ['failure_threshold'] }, { required: ['failure_threshold_percentage'] }],
  properties: {
    failure_threshold: { type: 'integer', minimum: 1, description: 'Failures within a minute.' },
    failure_threshold_percentage: { type: 'number', minimum: 1, maximum: 100 },
    minimum_requests: { type: 'integer', minimum: 1, default: 5, description: 'Before the percentage counts.' },
    cooldown_interval: {
      type: 'integer',
      minimum: 30_000,
      maximum: 86_400_000,
      default: 30_000,
      description: 'Milliseconds.',
    },
    failure_status_codes: { ...statusCodes, description: 'As usual 500 and above.' },
  },
}

const strategyMembers: Readonly<Record<(typeof STRATEGY_MEMBERS)[number], Schema>> = {
  mode: { enum: ['single', 'fallback', 'loadbalance', 'conditional'] },
  on_status_codes: { ...statusCodes, description: 'Statuses that move on to the next target.' },
  conditions: {
    type: 'array',
    maxItems: 1_000,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['query', 'then'],
      properties: { query: { $ref: '#/$defs/query' }, then: { type: 'string', description: 'Name of a target.' } },
    },
  },
  default: { type: 'string', description: 'Name of the target that serves when no condition holds.' },
  sticky: {
    type: 'object',
    additionalProperties: false,
    properties: {
      enabled: { type: 'boolean', default: true },
      hash_fields: {
        type: 'array',
        maxItems: 20,
        items: { type: 'string', pattern: '^(params|metadata|headers)\\..' },
      },
      ttl: {
        type: 'integer',
        minimum: 1,
        maximum: 2_592_000,
        default: 3_600,
        description: 'Seconds since the last use.',
      },
    },
  },
  cb_config: breaker,
}

const nodeMembers: Readonly<Record<(typeof NODE_MEMBERS)[number], Schema>> = {
  strategy: { type: 'object', additionalProperties: false, required: ['mode'], properties: strategyMembers },
  targets: { type: 'array', minItems: 1, maxItems: 1_000, items: { $ref: '#/$defs/node' } },
  name: { type: 'string', minLength: 1, maxLength: 255 },
  provider: { type: 'string', description: 'The @slug of a provider in this workspace.', pattern: '^@?[a-z0-9]' },
  virtual_key: { type: 'string', description: "The older way to name a provider: its slug, without the '@'." },
  passthrough: { type: 'boolean', description: 'Takes the provider from the request.' },
  weight: { type: 'number', minimum: 0, default: 1, description: 'Share of the traffic; 0 takes none.' },
  on_status_codes: { ...statusCodes, description: 'The older place of strategy.on_status_codes.' },
  retry: {
    type: 'object',
    additionalProperties: false,
    required: ['attempts'],
    properties: {
      attempts: { type: 'integer', minimum: 0, maximum: 5, description: 'Tries after the first.' },
      on_status_codes: statusCodes,
      use_retry_after_headers: { type: 'boolean', default: false },
      use_retry_after_header: { type: 'boolean', deprecated: true },
    },
  },
  cache: {
    type: 'object',
    additionalProperties: false,
    required: ['mode'],
    properties: {
      mode: { const: 'simple' },
      max_age: { type: 'integer', minimum: 60, maximum: 7_776_000, default: 604_800, description: 'Seconds.' },
      scope: { enum: ['key', 'workspace'], default: 'key', description: 'Who shares the answers.' },
    },
  },
  request_timeout: { type: 'integer', minimum: 1, maximum: 3_600_000, description: 'Milliseconds.' },
  override_params: { ...params, description: 'Members of the body that replace those of the client.' },
  default_params: { ...params, description: 'Members of the body for clients that send none.' },
  drop_params: {
    type: 'array',
    items: { type: 'string', maxLength: 200 },
    description: 'Paths of members to leave out, such as messages[*].cache_control.',
  },
  forward_headers: { type: 'array', maxItems: 50, items: { type: 'string' } },
  custom_host: { type: 'string', format: 'uri', description: 'Saved configs of administrators only.' },
  anthropic_beta: { type: 'string' },
  anthropic_version: { type: 'string' },
  cb_config: breaker,
  strict_open_ai_compliance: { type: 'boolean', description: 'Taken and ignored.' },
  fetch_integrated_models: { type: 'boolean', description: 'Taken and ignored.' },
}

const query: Schema = {
  type: 'object',
  minProperties: 1,
  properties: {
    $and: { type: 'array', minItems: 1, maxItems: 100, items: { $ref: '#/$defs/query' } },
    $or: { type: 'array', minItems: 1, maxItems: 100, items: { $ref: '#/$defs/query' } },
  },
  patternProperties: {
    '^(metadata\\..+|params\\..+|url\\.pathname)$': {
      anyOf: [
        { type: ['string', 'number', 'boolean', 'null'] },
        {
          type: 'object',
          minProperties: 1,
          propertyNames: { enum: ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$regex'] },
        },
      ],
    },
  },
  additionalProperties: false,
}

/** The document as JSON Schema (2020-12), for editors: what it marks is wrong, and some of what is wrong only the reader finds. */
export const CONFIG_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Config',
  $ref: '#/$defs/node',
  $defs: {
    node: { type: 'object', additionalProperties: false, minProperties: 1, properties: nodeMembers },
    query,
  },
}
