/** What is kept of the bodies of an exchange, from everything to nothing. Its row is kept in every case. */
export type ContentMode = 'full' | 'masked' | 'metadata'

/** Days for which content can be kept. Few, because content of one class and day lies together and goes together. */
export const CONTENT_DAYS = [1, 7, 30, 90, 365] as const

export type ContentDays = (typeof CONTENT_DAYS)[number]

/** A pattern that is masked, by the name under which a record tells of it. */
export interface MaskingRule {
  /** One of the built-in names, or what an administrator has called it. */
  readonly name: string
  /** Of a custom rule: RE2 syntax, so that no pattern can take for ever. Undefined for a built-in one. */
  readonly pattern?: string
}

/** What holds for the content of one caller's exchanges, all levels taken together. */
export interface RecordRules {
  readonly content: ContentMode
  readonly contentDays: ContentDays
  /** Applied when `content` is `masked`. */
  readonly masking: readonly MaskingRule[]
  /** Whether the words of fresh text go into an index that is not encrypted. */
  readonly searchable: boolean
  /** A level has switched the index off, and no level below can switch it on. */
  readonly isIndexBarred?: true
}

/** What one level (organisation, workspace, key, request) says; what it leaves out is left to the level above. */
export interface RecordSettings {
  readonly content?: ContentMode
  readonly contentDays?: ContentDays
  readonly masking?: readonly MaskingRule[]
  readonly searchable?: boolean
}

/** Where nobody has said anything. */
export const DEFAULT_RECORD_RULES: RecordRules = { content: 'full', contentDays: 30, masking: [], searchable: false }

const STRICTNESS: Readonly<Record<ContentMode, number>> = { full: 0, masked: 1, metadata: 2 }

/**
 * The rules of a level under those of the level above it. A level can keep less than the one above, never more: whoever
 * has promised that nothing is kept has promised it for everybody below. Masking rules add up. The index is the one thing
 * that a workspace switches on for itself, unless the level above has switched it off.
 */
export function narrowRules(above: RecordRules, settings: RecordSettings): RecordRules {
  const { content = above.content, contentDays = above.contentDays, masking = [], searchable } = settings
  const isBarred = above.isIndexBarred === true
  return {
    content: STRICTNESS[content] > STRICTNESS[above.content] ? content : above.content,
    contentDays: contentDays < above.contentDays ? contentDays : above.contentDays,
    masking: masking.length === 0 ? above.masking : [...above.masking, ...masking],
    searchable: !isBarred && (searchable ?? above.searchable),
    ...((isBarred || searchable === false) && { isIndexBarred: true }),
  }
}
