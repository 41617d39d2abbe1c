import type { Find } from './finder.ts'
import { anyOf, findCards, findEmails, findIbans, findPrivateKeys, matching, WORD_END, WORD_START } from './patterns.ts'

/** A rule that everybody can name. */
export interface BuiltInRule {
  /** For an administrator who chooses. */
  readonly description: string
  /** Secrets are masked wherever content is masked; the others where somebody has named them. */
  readonly isSecret: boolean
  readonly find: Find
}

function secret(description: string, find: Find): BuiltInRule {
  return { description, isSecret: true, find }
}

function onRequest(description: string, find: Find): BuiltInRule {
  return { description, isSecret: false, find }
}

const hasDigit = (value: string) => /\d/.test(value)

/**
 * The rules by name. The shapes of keys are those that their makers document for scanners of secrets; where a shape has
 * nothing of its own, such as a password, the words around it are what is found.
 */
export const BUILT_IN_RULES = {
  anthropic_key: secret('Keys and tokens of Anthropic: sk-ant-…', matching('sk-ant-[A-Za-z0-9_-]{12,}', ['sk-ant-'])),
  openai_key: secret(
    'Keys of OpenAI, and of others who write theirs as sk-…',
    matching(`${WORD_START}sk-(?:(?:proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20,})`, ['sk-']),
  ),
  portcullis_key: secret(
    'Keys of this gateway: pcl_… and pcla_…',
    matching(`${WORD_START}pcla?_[A-Za-z0-9]{16,}`, ['pcl']),
  ),
  aws_key: secret(
    'Access keys of AWS: the id, and the secret behind its name',
    anyOf(
      matching(`${WORD_START}(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}${WORD_END}`, ['AKIA', 'ASIA', 'ABIA', 'ACCA']),
      matching(
        '(?:secret_?access_?key|aws_?secret(?:_?key)?)[^A-Za-z0-9/+]{1,12}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])',
        ['ecret', 'ECRET'],
        { flags: 'i' },
      ),
    ),
  ),
  google_key: secret(
    'API keys, OAuth tokens and client secrets of Google',
    matching(`${WORD_START}(?:AIza[A-Za-z0-9_-]{35}|ya29\\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,})`, [
      'AIza',
      'ya29.',
      'GOCSPX-',
    ]),
  ),
  azure_key: secret(
    'Account keys and shared access keys in connection strings of Azure',
    matching('(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,}={0,2})', ['AccountKey=', 'SharedAccessKey=']),
  ),
  github_token: secret(
    'Tokens of GitHub: ghp_…, github_pat_… and their like',
    matching(`${WORD_START}(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,})`, ['gh', 'github_pat_']),
  ),
  gitlab_token: secret(
    'Tokens of GitLab: glpat-… and their like',
    matching(`${WORD_START}gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{18,}`, ['gl']),
  ),
  slack_token: secret(
    'Tokens of Slack, and addresses of its webhooks',
    anyOf(
      matching(`${WORD_START}(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}`, ['xox', 'xapp-']),
      matching('hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{12,})', ['hooks.slack.com']),
    ),
  ),
  stripe_key: secret(
    'Keys of Stripe, and secrets of its webhooks',
    matching(`${WORD_START}(?:(?:sk|rk|pk)_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}`, ['_live_', '_test_', 'whsec_']),
  ),
  package_token: secret(
    'Tokens of npm, PyPI and Docker Hub',
    matching(`${WORD_START}(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,})`, [
      'npm_',
      'pypi-',
      'dckr_',
    ]),
  ),
  vendor_key: secret(
    'Keys of Hugging Face, SendGrid, DigitalOcean, Databricks, Linear and Vault',
    matching(
      `${WORD_START}(?:hf_[A-Za-z0-9]{30,}|SG\\.[A-Za-z0-9_-]{16,64}\\.[A-Za-z0-9_-]{16,}|do[opr]_v1_[a-f0-9]{40,}|dapi[a-f0-9]{32}|lin_api_[A-Za-z0-9]{32,}|hv[sbr]\\.[A-Za-z0-9_-]{24,})`,
      ['hf_', 'SG.', '_v1_', 'dapi', 'lin_api_', 'hvs.', 'hvb.', 'hvr.'],
    ),
  ),
  private_key: secret('Private keys in PEM, whole', findPrivateKeys),
  jwt: secret(
    'JSON web tokens: eyJ….….…',
    matching(`${WORD_START}eyJ[A-Za-z0-9_-]{10,}(?:\\.[A-Za-z0-9_-]*){1,4}`, ['eyJ']),
  ),
  bearer_token: secret(
    'What stands behind Bearer, or in an authorization header',
    anyOf(
      matching('bearer[ \\t]{1,4}([A-Za-z0-9_.~+/-]{16,}={0,2})', ['earer', 'EARER'], {
        flags: 'i',
        accept: (value) => hasDigit(value) || value.length >= 32,
      }),
      matching(
        'authorization["\'\\\\: =]{1,8}(?:basic|token|apikey)[ \\t]{1,4}([A-Za-z0-9_.~+/-]{8,}={0,2})',
        ['uthorization', 'UTHORIZATION'],
        { flags: 'i' },
      ),
    ),
  ),
  url_password: secret(
    'The password in an address: https://name:…@host',
    matching('[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\\s:/@"\'<>\\\\]{0,64}:([^\\s@/"\'<>\\\\]{1,256})@', ['://']),
  ),
  client_identity: secret(
    'Who sits at a Claude Code, as it tells the classifier of its auto mode',
    matching('"user_identity"\\s{0,8}:\\s{0,8}"([^"]{1,512})"', ['"user_identity"']),
  ),
  assigned_secret: onRequest(
    'What is written in quotes behind a name such as password, secret, token or api_key',
    matching(
      '(?:passw(?:or)?d|passphrase|secret|token|api_?key|credentials?)["\'\\\\]{0,4}\\s{0,4}[:=]\\s{0,4}[\\\\]{0,3}["\']([^\\s"\'\\\\]{6,512})',
      ['ass', 'ASS', 'ecret', 'ECRET', 'oken', 'OKEN', 'ey', 'EY', 'redential', 'REDENTIAL'],
      { flags: 'i' },
    ),
  ),
  email: onRequest('Addresses of mailboxes', findEmails),
  credit_card: onRequest('Numbers of cards, with a last digit that proves them', findCards),
  iban: onRequest('Numbers of bank accounts (IBAN), with digits that prove them', findIbans),
  us_social_security: onRequest(
    'Social security numbers of the United States: 123-45-6789',
    matching('(?<![\\d-])(?!000|666|9)\\d{3}-(?!00)\\d{2}-(?!0000)\\d{4}(?![\\d-])', ['-']),
  ),
  ip_address: onRequest(
    'Addresses of machines (IPv4)',
    matching('(?<![\\d.])(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?![\\d.])', ['.']),
  ),
} as const satisfies Readonly<Record<string, BuiltInRule>>
