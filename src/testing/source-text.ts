/** Numbers from 0 to 1 that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const WORDS =
  `account address amount answer archive batch begin body border bucket buffer build cache call caller chain change channel
  charge check child chunk circle claim clear client clock close column command commit compare config connect content context
  copy count create credit current cursor cycle data date deadline decide decode default delay delete detail digest direction
  divide document domain drain driver edge element encode end engine entry error event example expire export factor field
  file filter final find first flag flow folder format frame function gateway generate group handle hash head header hint
  history host image import index inner input insert inspect instance interval invoice item join journal key label last layer
  ledger left length level limit line link list listen load local lock log loop map margin mark match measure member memory
  merge message method minute mode model money month name next node note notice number object offset open option order origin
  outcome outer output owner page pair parent parse part path pattern pause payment peer period place plan point policy port
  prefix price print process profile promise proof provider queue quota random range rate read reason record refund region
  register release remote render repeat replace report request reserve reset resolve result retry return review right root
  round route row rule sample scale schedule scope score search second section segment select send serial server session
  settle shape shelf shift sign signal size slice slot sort source space span split stage start state status step store
  stream string sum table tag target task team template tenant term text thread time title token top total trace trail
  transfer tree trigger turn type unit update usage user value vector version view wait walk window word worker write zone`.split(
    /\s+/,
  )

/** Code that means nothing, of about that many characters: it repeats itself, and compresses, as code that people write. */
export function sourceText(characters: number, random: () => number): string {
  const word = () => WORDS[Math.floor(random() * WORDS.length)]!
  const pick = (choices: readonly string[]) => choices[Math.floor(random() * choices.length)]!
  const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1)
  // A file has its own few names, which come again and again.
  const names = Array.from({ length: 24 }, () => word() + capital(word()))
  const types = Array.from({ length: 6 }, () => capital(word()) + capital(word()))
  const sentence = () => capital(Array.from({ length: 5 + Math.floor(random() * 9) }, word).join(' ')) + '.'
  const line = () => {
    switch (Math.floor(random() * 9)) {
      case 0:
        return `  // ${sentence()}`
      case 1:
        return `  const ${pick(names)} = ${pick(names)}.${word()}(${pick(names)}, ${Math.floor(random() * 5_000)})`
      case 2:
        return `  if (${pick(names)} === undefined) throw new ${pick(types)}Error('${sentence()}')`
      case 3:
        return `  for (const ${word()} of ${pick(names)}.${word()}) ${pick(names)}.push({ "${word()}": ${pick(names)} })`
      case 4:
        return `}\n\n/** ${sentence()} */\nexport function ${pick(names)}(${word()}: ${pick(types)}): ${pick(types)} {`
      case 5:
        return `  readonly ${pick(names)}: ${pick(types)} | undefined`
      case 6:
        return `import { ${pick(names)}, type ${pick(types)} } from '../${word()}/${word()}-${word()}.ts'`
      case 7:
        return `\treturn ${pick(names)}.map(({ ${word()}, ${word()} }) => ${word()} + "\\n")`
      default:
        return `  await ${pick(names)}.${word()}${capital(word())}(${pick(names)}.${word()})`
    }
  }
  let text = ''
  for (let number = 1; text.length < characters; number += 1) text += `${String(number).padStart(6)}\t${line()}\n`
  return text.slice(0, characters)
}
