import type { Find } from './finder.ts'

/*
 * Ways to find a secret. Each takes time linear in the text, whatever the text is: a caller writes it, and would else keep
 * the recording busy. So a run of letters is walked once, because a match can begin at its start only, or it has a bound.
 */

/**
 * Nothing that belongs to a word stands before. The letter of an escape does not count: in JSON inside JSON, a line that
 * begins with a key has `\n` in front of it.
 */
export const WORD_START = String.raw`(?<![A-Za-z0-9_-](?<!\\[nrtbf]))`
export const WORD_END = '(?![A-Za-z0-9_-])'

/**
 * Finds a pattern, or only its group where it has one; the group stands at the end of the match, or is not repeated behind
 * itself. Texts without any of the `hints` are passed over. `accept` has the last word about a match.
 */
export function matching(
  pattern: string,
  hints: readonly string[],
  { flags = '', accept }: { readonly flags?: string; readonly accept?: (value: string) => boolean } = {},
): Find {
  const expression = new RegExp(pattern, `g${flags}`)
  return (text, found) => {
    if (!hints.some((hint) => text.includes(hint))) return
    expression.lastIndex = 0
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const [whole, value = whole] = match
      const start = match.index + whole.lastIndexOf(value)
      if (accept === undefined || accept(value)) found(start, start + value.length)
    }
  }
}

/** Searches by several ways. */
export function anyOf(...ways: readonly Find[]): Find {
  return (text, found) => {
    for (const find of ways) find(text, found)
  }
}

const BEGIN = 'BEGIN '
/** Longer than the largest key that anybody writes so: 16,384 bits of RSA come to 13,000 letters. */
const PEM_MAX = 20_000
const PEM_HEAD = /BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-{1,5}/y
/** Base64 in lines, whose ends may be escapes, and the headers of an encrypted key. */
const PEM_BODY = new RegExp(String.raw`[A-Za-z0-9+/=\s\\:,.()]*(?:-[A-Za-z0-9+/=\s\\:,.()]+){0,40}`, 'y')
const PEM_END = /-{0,5}(?:END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/y

/** A private key in PEM, from its first dash to its last, also where some are missing; one that is cut off, as far as it goes. */
export const findPrivateKeys: Find = (text, found) => {
  for (let at = text.indexOf(BEGIN); at !== -1; at = text.indexOf(BEGIN, at + 1)) {
    const head = endOf(PEM_HEAD, text, at)
    if (head === at) continue
    let start = at
    while (start > 0 && at - start < 5 && text[start - 1] === '-') start -= 1
    const body = endOf(PEM_BODY, text.slice(head, head + PEM_MAX), 0)
    const end = endOf(PEM_END, text, head + body)
    found(start, end)
    at = end - 1
  }
}

/** Where a sticky expression that begins at `at` ends; `at` where it does not match. */
function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}

const DOMAIN = /[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![A-Za-z0-9-])/y
const LOCAL_PART = /[A-Za-z0-9._%+-]/
const LOCAL_PART_MAX = 64

/** Looked for from its sign on, to both sides. */
export const findEmails: Find = (text, found) => {
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > 0 && at - start < LOCAL_PART_MAX && LOCAL_PART.test(text[start - 1]!)) start -= 1
    // The letter of an escape belongs to the escape.
    if (start > 0 && text[start - 1] === '\\' && /[nrtbf]/.test(text[start]!)) start += 1
    const end = start < at ? endOf(DOMAIN, text, at + 1) : at + 1
    if (end > at + 1) found(start, end)
  }
}

/** Thirteen to nineteen digits, alone or in groups. */
const CARD = /(?<![\d.])[2-6](?:[ -]?\d){12,18}(?!\d)/g

/** What issuers give out: first digits, and lengths. Times in milliseconds begin with 1 and are none. */
const ISSUED = /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|35)\d{14}|3[47]\d{13}|3[0689]\d{12}|6\d{15,18})$/

/** Its last digit proves it. */
export const findCards: Find = (text, found) => {
  CARD.lastIndex = 0
  for (let match = CARD.exec(text); match !== null; match = CARD.exec(text)) {
    const digits = match[0].replaceAll(/\D/g, '')
    if (ISSUED.test(digits) && isLuhn(digits)) found(match.index, match.index + match[0].length)
    else CARD.lastIndex = match.index + 1
  }
}

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at])
    const weighed = at % 2 === 0 ? digit : digit * 2
    sum += weighed > 9 ? weighed - 9 : weighed
  }
  return sum % 10 === 0
}

/** Lengths of account numbers by country, as the registry of ISO 13616 has them. */
const IBAN_LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 ' +
    'MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 ' +
    'TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
const IBAN_START = new RegExp(String.raw`(?<![A-Za-z0-9](?<!\\[nrtbf]))([A-Z]{2})\d\d`, 'g')

/** Its second and third pair prove it. */
export const findIbans: Find = (text, found) => {
  IBAN_START.lastIndex = 0
  for (let match = IBAN_START.exec(text); match !== null; match = IBAN_START.exec(text)) {
    const length = IBAN_LENGTHS.get(match[1]!)
    if (length === undefined) continue
    let letters = ''
    let at = match.index
    for (; letters.length < length && at < text.length; at += 1) {
      if (/[A-Z0-9]/.test(text[at]!)) letters += text[at]
      else if (text[at] !== ' ' || text[at - 1] === ' ') break
    }
    if (letters.length === length && !/[A-Za-z0-9]/.test(text[at] ?? ' ') && isIban(letters)) found(match.index, at)
  }
}

function isIban(letters: string): boolean {
  const turned = letters.slice(4) + letters.slice(0, 4)
  let rest = 0
  for (const letter of turned)
    for (const digit of String(Number.parseInt(letter, 36))) rest = (rest * 10 + Number(digit)) % 97
  return rest === 1
}
