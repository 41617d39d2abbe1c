import type { Clock, Timer } from '../core/clock.ts'
import { asId } from '../core/ids.ts'
import { createPrices, readPriceTable, type PriceTable, type Prices } from '../core/pricing.ts'
import { listPrices } from '../core/prices/list-prices.ts'
import { isWholeKey, sameHash } from '../credentials/api-key.ts'
import type { Rulebook } from '../limits/limit.ts'
import type { Upstream } from '../providers/adapter.ts'
import type { RoutingConfig } from '../routing/routing-config.ts'
import { buildRulebook } from './build-rulebook.ts'
import { buildCatalogue, type Catalogue, type CatalogueParts } from './catalogue.ts'
import { readRevision } from './changes.ts'
import { createConfigShelver, type ConfigShelf } from './config-shelf.ts'
import type { Store } from './database.ts'
import { readOrganisationSettings, type OrganisationSettings } from './documents.ts'
import { ADMINISTRATIVE, buildKeyRing, type AdminHolder, type KeyLookup, type KeyRing } from './key-ring.ts'
import { readPicture, type Picture } from './read-picture.ts'

/**
 * The store's picture of keys, providers, configs and prices, in memory: the data plane asks it on every request and never waits.
 * It serves as `Keys`, `Catalogue` and `Prices` of the gateway, and finds the caller for the control plane.
 */
export interface Directory extends Prices {
  find(secret: string): KeyLookup
  /** The same for the hash under which a key is stored. */
  findByHash(hash: string): KeyLookup
  /** Whether a string is one of our keys without a slip in it (a checksum tells), or the preset administrator's key. */
  isOurs(secret: string): boolean
  /** By slug, without the `@`. */
  provider(workspaceId: string, slug: string): Upstream | undefined
  /** Those that have not expired. */
  providers(workspaceId: string): readonly Upstream[]
  /** A saved config of this workspace, by `pc-…` or id; the same object until a new version is saved. */
  config(workspaceId: string, reference: string): RoutingConfig | undefined
  /** Every budget, rate limit and policy in force; another object after each change. */
  rulebook(): Rulebook
  /** What the organisation has decided for everybody. */
  organisation(): OrganisationSettings
  /** Who holds a key, while it is neither revoked nor expired. */
  adminCaller(secret: string): AdminHolder | undefined
  /** Calls back after each change, once the new picture is in force; until the returned function is called. */
  onChange(listener: () => void): () => void
  /** Resolves when every change that was committed before the call is in the picture. */
  refresh(): Promise<void>
  /** Stops looking for changes. */
  close(): void
}

export interface DirectoryParts extends CatalogueParts {
  readonly store: Store
  readonly keys: { hash(secret: string): string }
  readonly clock: Clock
  /** PORTCULLIS_ADMIN_KEY: honoured as an administrator's key, never stored. */
  readonly presetAdminKey: string | undefined
  /** What that key may do. */
  readonly administratorScopes: ReadonlySet<string>
  /** Told when the store could not be read or holds something unreadable; the last good picture stays in force. */
  readonly report: (problem: unknown) => void
}

/** Another process's change takes effect within this time and the time of reading it. */
const WATCH_MS = 500

/** Reads the first picture, then watches for changes until `close`. */
export async function createDirectory(parts: DirectoryParts): Promise<Directory> {
  const { store, clock, presetAdminKey, report } = parts
  const keys = { hash: rememberHashes(parts.keys.hash) }
  const presetHash = presetAdminKey === undefined ? undefined : keys.hash(presetAdminKey)
  const readPrices = createPriceReader(report)
  const shelve = createConfigShelver(parts)
  let view = show(await readPicture(store.db))
  const listeners = new Set<() => void>()
  const refresh = createRefresher(async () => {
    view = show(await readPicture(store.db))
    for (const listener of listeners) listener()
  })
  let watching: Timer | undefined
  let isBlind = false
  watch()

  return {
    find(secret) {
      const hash = keys.hash(secret)
      return isPreset(hash) ? ADMINISTRATIVE : view.ring.find(hash, clock.now())
    },
    findByHash: (hash) => view.ring.find(hash, clock.now()),
    isOurs: (secret) => isWholeKey(secret) || isPreset(keys.hash(secret)),
    provider: (workspaceId, slug) => view.catalogue.get(workspaceId)?.get(slug),
    providers(workspaceId) {
      const now = clock.now()
      return [...(view.catalogue.get(workspaceId)?.values() ?? [])].filter(
        ({ expiresAt = Infinity }) => now < expiresAt,
      )
    },
    config: (workspaceId, reference) => view.configs.find(workspaceId, reference),
    price: (usage, call) => view.prices.price(usage, call),
    rulebook: () => view.rulebook,
    organisation: () => view.organisation,
    adminCaller(secret) {
      const hash = keys.hash(secret)
      return isPreset(hash) ? view.presetHolder : view.ring.holder(hash, clock.now())
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    refresh,
    close() {
      watching?.cancel()
      watching = undefined
    },
  }

  function isPreset(hash: string): boolean {
    return presetHash !== undefined && sameHash(hash, presetHash)
  }

  function show(picture: Picture): View {
    const catalogue = buildCatalogue(picture, parts)
    const configs = shelve(picture.configs)
    return {
      revision: picture.revision,
      catalogue,
      configs,
      ring: buildKeyRing(picture, catalogue, configs),
      prices: readPrices(picture.prices),
      rulebook: buildRulebook(picture),
      organisation: readOrganisationSettings(picture.organisation?.settings ?? '{}'),
      presetHolder: holdPreset(picture.organisation?.id, parts.administratorScopes),
    }
  }

  function watch(): void {
    watching = clock.after(WATCH_MS, () => {
      void look().finally(() => {
        if (watching !== undefined) watch()
      })
    })
  }

  async function look(): Promise<void> {
    try {
      if ((await readRevision(store.db)) !== view.revision) await refresh()
      isBlind = false
    } catch (problem) {
      // The store may have been closed under a look that was on its way. A database that stays away is told of once.
      if (watching !== undefined && !isBlind) report(problem)
      isBlind = true
    }
  }
}

/** What a picture comes to, prepared for questions. */
interface View {
  readonly revision: number
  readonly catalogue: Catalogue
  readonly configs: ConfigShelf
  readonly ring: KeyRing
  readonly prices: Prices
  readonly rulebook: Rulebook
  readonly organisation: OrganisationSettings
  readonly presetHolder: AdminHolder | undefined
}

function holdPreset(organisationId: string | undefined, scopes: ReadonlySet<string>): AdminHolder | undefined {
  if (organisationId === undefined) return undefined
  return {
    kind: 'organisation-service',
    keyId: undefined,
    organisationId: asId(organisationId),
    workspaceId: undefined,
    userId: undefined,
    scopes,
  }
}

/**
 * Runs `read` for everybody who asks, one at a time. A run that has already begun may have missed the change of somebody
 * who asks now, so they get the next one, which all who ask meanwhile share.
 */
function createRefresher(read: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= running
      .catch(() => {
        // Whoever asked for that run has heard of its failure.
      })
      .then(() => {
        next = undefined
        running = read()
        return running
      })
    return next
  }
}

/** Price versions are never edited, so each table is read once. One that cannot be read is reported and left out. */
function createPriceReader(report: (problem: unknown) => void): (versions: Picture['prices']) => Prices {
  const tables = new Map<string, PriceTable | undefined>()
  return (versions) => {
    for (const { id, tableJson: json } of versions) if (!tables.has(id)) tables.set(id, read(id, json))
    const readable = versions.flatMap(({ id, validFrom }) => {
      const table = tables.get(id)
      return table === undefined ? [] : [{ id, validFrom, table }]
    })
    return createPrices(readable.length > 0 ? readable : [{ ...listPrices, validFrom: 0 }])
  }

  function read(id: string, json: string): PriceTable | undefined {
    try {
      return readPriceTable(JSON.parse(json))
    } catch (cause) {
      report(new Error(`The price table ${id} in the store cannot be read, so it prices nothing.`, { cause }))
      return undefined
    }
  }
}

/** Keys in use at the same time, more or less; older ones are hashed again. */
const HASHES_KEPT = 1_000

/** A keyed hash costs as much as everything else that is done to find a caller, and a session asks hundreds of times in a row. */
function rememberHashes(hash: (secret: string) => string): (secret: string) => string {
  const kept = new Map<string, string>()
  return (secret) => {
    const known = kept.get(secret)
    if (known !== undefined) return known
    const fresh = hash(secret)
    if (kept.size === HASHES_KEPT) kept.clear()
    // Longer than any key of ours: not worth the memory that a stranger could fill with it.
    if (secret.length <= 128) kept.set(secret, fresh)
    return fresh
  }
}
