import { asId, type Id } from '../../src/core/ids.ts'
import type { Draw } from './draw.ts'

/** A company that uses Claude Code: teams with their providers and projects, and people with their keys and habits. */
export interface Company {
  readonly organisationId: Id<'organisation'>
  readonly teams: readonly Team[]
  readonly developers: readonly Developer[]
}

export interface Team {
  readonly workspaceId: Id<'workspace'>
  readonly slug: string
  readonly name: string
  readonly projects: readonly string[]
  /** In the order in which they are asked. */
  readonly providers: readonly [TeamProvider, ...TeamProvider[]]
  /** The key of its automation. */
  readonly robotKeyId: Id<'key'>
}

export interface TeamProvider {
  readonly id: Id<'provider'>
  readonly account: Account
}

/** An account at a provider, which teams share. */
export interface Account {
  readonly integrationId: Id<'integration'>
  readonly slug: string
  readonly name: string
  readonly kind: 'anthropic' | 'bedrock' | 'vertex-ai' | 'scripted'
  /** What a model is called there. */
  readonly spell: (model: string) => string
}

export interface Developer {
  readonly userId: Id<'user'>
  readonly keyId: Id<'key'>
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly team: Team
  /** Minutes by which their clock is ahead of the world's. */
  readonly clockAhead: number
  /** How much they work with it, beside others. */
  readonly zeal: number
  readonly favourite: 'claude-opus-5-5' | 'claude-sonnet-5-5'
  readonly clientVersion: string
}

export interface CompanySize {
  readonly teams: number
  readonly developers: number
  readonly organisationId: Id<'organisation'>
  /** Milliseconds since the epoch: when it began. */
  readonly since: number
}

export function drawCompany(
  draw: Draw,
  { teams: teamCount, developers: count, organisationId, since }: CompanySize,
): Company {
  const id = <Kind extends string>() => drawId<Kind>(draw, since)
  const accounts = ACCOUNTS.map((account) => ({ ...account, integrationId: id<'integration'>() }))
  const teams = Array.from({ length: teamCount }, (_, at): Team => {
    const name = TEAMS[at % TEAMS.length]! + (at < TEAMS.length ? '' : ` ${Math.floor(at / TEAMS.length) + 1}`)
    const slug = `ws-${name.toLowerCase().replaceAll(' ', '-')}-${draw.hex(4)}`
    const [anthropic, bedrock, vertex, sandbox] = accounts.map((account) => ({ id: id<'provider'>(), account }))
    const first = draw.weighted([
      [6, [anthropic!, bedrock!] as const],
      [3, [bedrock!, anthropic!] as const],
      [1, [vertex!, anthropic!] as const],
    ])
    const projects = Array.from({ length: 2 + draw.below(4) }, (_, part) => `${slug.split('-')[1]!}-${PARTS[part]!}`)
    return { workspaceId: id(), slug, name, projects, providers: [...first, sandbox!], robotKeyId: id() }
  })
  const developers = Array.from({ length: count }, (_, at): Developer => {
    const firstName = FIRST_NAMES[at % FIRST_NAMES.length]!
    const lastName = LAST_NAMES[(at * 7 + Math.floor(at / FIRST_NAMES.length)) % LAST_NAMES.length]!
    return {
      userId: id(),
      keyId: id(),
      firstName,
      lastName,
      email: `${fold(firstName)}.${fold(lastName)}${at < 20 ? '' : at}@example.com`,
      team: teams[Math.floor(draw.number() ** 1.3 * teams.length)]!,
      clockAhead: draw.weighted(CLOCKS),
      zeal: draw.skewed(1, 2),
      favourite: draw.chance(0.62) ? 'claude-opus-5-5' : 'claude-sonnet-5-5',
      clientVersion: draw.weighted(VERSIONS),
    }
  })
  return { organisationId, teams, developers }
}

/** In the shape of the ids that the gateway makes, UUIDs of version 7. */
export function drawId<Kind extends string>(draw: Draw, at: number): Id<Kind> {
  const time = Math.floor(at).toString(16).padStart(12, '0')
  const random = draw.hex(18)
  return asId(`${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-a${random.slice(3, 6)}-${random.slice(6)}`)
}

function fold(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[^a-z]/gi, '')
    .toLowerCase()
}

const ACCOUNTS: readonly Omit<Account, 'integrationId'>[] = [
  { slug: 'anthropic-main', name: 'Anthropic, company account', kind: 'anthropic', spell: (model) => model },
  { slug: 'bedrock-eu', name: 'Bedrock Frankfurt', kind: 'bedrock', spell: (model) => `eu.anthropic.${model}` },
  { slug: 'vertex-global', name: 'Vertex AI', kind: 'vertex-ai', spell: (model) => model },
  { slug: 'seed-sandbox', name: 'Sandbox of the seed', kind: 'scripted', spell: (model) => model },
]

const CLOCKS = [
  [5, 60],
  [2, -300],
  [1, -480],
  [2, 330],
] as const

const VERSIONS = [
  [6, '2.1.330'],
  [3, '2.1.327'],
  [1, '2.1.290'],
] as const

const TEAMS = [
  'Payments',
  'Checkout',
  'Search',
  'Platform',
  'Mobile',
  'Data',
  'Identity',
  'Logistics',
  'Pricing',
  'Support',
  'Growth',
  'Security',
  'Infrastructure',
  'Billing',
  'Catalogue',
  'Messaging',
  'Analytics',
  'Partners',
  'Research',
  'Web',
]
const PARTS = ['api', 'web', 'jobs', 'infra', 'docs']
const FIRST_NAMES = [
  'Ana',
  'Bo',
  'Chen',
  'Dana',
  'Elif',
  'Femi',
  'Grace',
  'Hugo',
  'Ines',
  'Jonas',
  'Kavya',
  'Lars',
  'Mina',
  'Noor',
  'Olga',
  'Pablo',
  'Quinn',
  'Ravi',
  'Sofia',
  'Tomás',
  'Uma',
  'Viktor',
  'Wei',
  'Ximena',
  'Yusuf',
  'Zoë',
]
const LAST_NAMES = [
  'Abe',
  'Bauer',
  'Costa',
  'Dubois',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Haddad',
  'Ivanov',
  'Jansen',
  'Khan',
  'López',
  'Meyer',
  'Nakamura',
  'Okafor',
  'Patel',
  'Quist',
  'Rossi',
  'Singh',
  'Tanaka',
  'Ueda',
  'Varga',
  'Weber',
  'Xu',
  'Yilmaz',
  'Zhang',
]
