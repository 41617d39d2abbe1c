/**
 * A name as it is compared. Two that a reader cannot tell apart are one: letters of another case, full-width forms, invisible
 * characters and runs of spaces do not count.
 */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .toLowerCase()
    .normalize('NFKC')
    .replaceAll(/\s+/gu, ' ')
    .trim()
}

/** An e-mail address as it is stored and compared. Nobody keeps two mailboxes that differ in case alone. */
export function foldAddress(address: string): string {
  return address.normalize('NFKC').trim().toLowerCase().normalize('NFKC')
}
