/** Where the rows of the tables come from. Each was read as of 23 November 2026; none was tried against a live account. */
export const SOURCES = {
  claudeCode: {
    title:
      'What Claude Code 2.1.330 itself sends in its modes for Bedrock, Vertex AI and Foundry, recorded with the client',
    url: 'https://code.claude.com/docs/en/third-party-integrations',
  },
  betas: { title: 'Anthropic: beta headers', url: 'https://platform.claude.com/docs/en/api/beta-headers' },
  features: {
    title: 'Anthropic: features by platform',
    url: 'https://platform.claude.com/docs/en/build-with-claude/overview',
  },
  models: {
    title: 'Anthropic: model overview',
    url: 'https://platform.claude.com/docs/en/about-claude/models/overview',
  },
  bedrock: {
    title: 'Amazon Bedrock: Claude Messages API',
    url: 'https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html',
  },
  vertex: {
    title: 'Google Cloud: Claude models',
    url: 'https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude',
  },
  foundry: {
    title: 'Microsoft Foundry: Claude models',
    url: 'https://learn.microsoft.com/azure/ai-foundry/foundry-models/how-to/use-foundry-models-claude',
  },
  betaRefusals: {
    title:
      'Reports of `invalid beta flag` from Bedrock, which differ by model and change over time (anthropics/claude-code #49370, #49648, #56595, #30926)',
    url: 'https://github.com/anthropics/claude-code/issues/49370',
  },
  extraInputs: {
    title:
      '`context_management: Extra inputs are not permitted` on clouds (anthropics/claude-code #21612, #14135, #49548)',
    url: 'https://github.com/anthropics/claude-code/issues/21612',
  },
  deferLoading: {
    title: '`defer_loading` refused on Bedrock without its beta (anthropics/claude-code #25212, #31033, #82549)',
    url: 'https://github.com/anthropics/claude-code/issues/25212',
  },
  vertexBetas: {
    title: 'Unknown values of `anthropic-beta` refused on Vertex AI (anthropics/claude-code #12429, #21625)',
    url: 'https://github.com/anthropics/claude-code/issues/12429',
  },
  vertexCounts: {
    title: 'Counting tokens on Vertex AI refuses betas (anthropics/claude-code #11154)',
    url: 'https://github.com/anthropics/claude-code/issues/11154',
  },
  attribution: {
    title: 'The attribution line refused as a reserved keyword (anthropics/claude-code-action #928)',
    url: 'https://github.com/anthropics/claude-code-action/issues/928',
  },
  none: { title: 'Our own caution: nobody documents it there, so it does not travel', url: '' },
} as const

export type Source = keyof typeof SOURCES
