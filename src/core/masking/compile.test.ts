import { expect, test } from 'vitest'
import { sourceText, randomFrom } from '../../testing/source-text.ts'
import { BUILT_IN_RULES } from './built-in.ts'
import { compilePattern, compileRules, PATTERN_LENGTH_MAX } from './compile.ts'
import { findSecrets } from './finder.ts'

const ALL = compileRules(Object.keys(BUILT_IN_RULES).map((name) => ({ name })))

function masked(text: string, finders = ALL): string {
  let result = text
  for (const { start, end } of findSecrets(text, finders)) {
    result = result.slice(0, start) + '*'.repeat(end - start) + result.slice(end)
  }
  return result.replaceAll(/\*+/g, '*')
}

/** In two pieces, so that who looks for keys in this repository finds none. */
const AWS_ID = `AKIA${'IOSFODNN7EXAMPLE'}`
const letters = (length: number) => 'aB3dE5gH7jK9mN1pQ2sT4vW6xY8z'.repeat(20).slice(0, length)
const pem = (name: string) =>
  `-----BEGIN ${name}-----\nMIIEvQIBADANBgkq/hkiG9w0BAQ+EFAASC\nBKcwggSjAgEAAoIB==\n-----END ${name}-----`

test.each<[rule: string, text: string, left: string]>([
  ['anthropic_key', `key sk-ant-api03-${letters(40)}-_AA.`, 'key *.'],
  ['openai_key', `sk-proj-${letters(40)} and sk-${letters(48)}`, '* and *'],
  ['portcullis_key', `export K=pcl_${letters(40)};pcla_${letters(40)}`, 'export K=*;*'],
  ['aws_key', `id ${AWS_ID}`, 'id *'],
  ['aws_key', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'aws_secret_access_key = *'],
  ['aws_key', '"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"', '"SecretAccessKey": "*"'],
  ['google_key', `AIza${letters(35)} ya29.${letters(30)}`, '* *'],
  ['azure_key', `AccountName=a;AccountKey=${letters(86)}==;End`, 'AccountName=a;AccountKey=*;End'],
  ['github_token', `ghp_${letters(36)} github_pat_${letters(22)}_${letters(30)}`, '* *'],
  ['gitlab_token', `glpat-${letters(20)}`, '*'],
  ['slack_token', `xoxb-1234567890-${letters(24)}`, '*'],
  ['slack_token', 'https://hooks.slack.com/services/T000/B000/XXXXXXXX', 'https://hooks.slack.com/services/*'],
  ['stripe_key', `sk_live_${letters(24)} whsec_${letters(32)}`, '* *'],
  ['package_token', `npm_${letters(36)}`, '*'],
  ['vendor_key', `hf_${letters(34)}`, '*'],
  ['private_key', `before ${pem('RSA PRIVATE KEY')} behind`, 'before * behind'],
  ['private_key', `"key": "${pem('PRIVATE KEY').replaceAll('\n', String.raw`\n`)}", "next"`, '"key": "*", "next"'],
  ['private_key', `${pem('OPENSSH PRIVATE KEY').slice(0, 60)}`, '*'],
  ['jwt', `token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${letters(30)}, next`, 'token=*, next'],
  ['bearer_token', `Authorization: Bearer ${letters(24)}`, 'Authorization: Bearer *'],
  ['bearer_token', 'authorization: Basic dXNlcjpwYXNz', 'authorization: Basic *'],
  ['url_password', 'postgres://app:s3cr%t!@db.internal:5432/x', 'postgres://app:*@db.internal:5432/x'],
  ['client_identity', '"user_identity":"Ada Lovelace <ada@x>","v":1', '"user_identity":"*","v":1'],
  ['assigned_secret', `password: "correct-horse", apiKey = 'abc123def'`, `password: "*", apiKey = '*'`],
  ['email', 'write to ada.l+x@mail.example.org.', 'write to *.'],
  ['credit_card', 'card 4111 1111 1111 1111, 378282246310005', 'card *, *'],
  ['iban', 'DE89 3704 0044 0532 0130 00 AND GB29NWBK60161331926819', '* AND *'],
  ['us_social_security', 'ssn 123-45-6789.', 'ssn *.'],
  ['ip_address', 'from 192.168.10.255 to', 'from * to'],
])('%s is found in %s', (rule, text, left) => {
  expect(masked(text)).toBe(left)
  expect(findSecrets(text, ALL).map((finding) => finding.rule)).toContain(rule)
})

test.each([
  'task-management-and-other-words-that-are-long',
  'the bearer of-this-message-is-welcome',
  'import { pcl_thing } from "./sk-thing.ts"',
  'const at = 1795000000000; const id = 1234567812345678',
  'DE89 3704 0044 0532 0130 01 has a wrong digit',
  '4111 1111 1111 1112',
  'AKIAIOSFODNN7EXAMPLEX',
  '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
  'https://example.org/path:with@sign',
  'password: string, token = await next()',
  'version 1.2.3.4.5 and 999.1.1.1',
  'a @decorator and name@ and @scope/package',
])('nothing is found in %s', (text) => {
  expect(masked(text)).toBe(text)
})

test('nothing is found in a lot of code', () => {
  const text = sourceText(200_000, randomFrom(1))
  expect(findSecrets(text, ALL)).toEqual([])
})

test('a key at the beginning of an escaped line is found', () => {
  expect(masked(String.raw`"one\n${AWS_ID}\nghp_${letters(36)}"`)).toBe(String.raw`"one\n*\n*"`)
})

test('secrets are always looked for, and personal data where they are named', () => {
  const text = `sk-ant-api03-${letters(20)} ada@example.org`
  expect(masked(text, compileRules([]))).toBe('* ada@example.org')
  expect(masked(text, compileRules([{ name: 'email' }]))).toBe('* *')
})

test('rules of one’s own are found beside the built-in ones', () => {
  const finders = compileRules([{ name: 'staff number', pattern: '(?i)emp-[0-9]{6}' }])
  expect(findSecrets(`EMP-123456 and sk-ant-api03-${letters(20)}`, finders).map(({ rule }) => rule)).toEqual([
    'staff number',
    'anthropic_key',
  ])
})

test('what two rules find is one stretch, by the name of the first', () => {
  const finders = compileRules([
    { name: 'ab', pattern: 'a+b+' },
    { name: 'bc', pattern: 'b+c+' },
  ])
  expect(findSecrets('xaabbcc', finders)).toEqual([
    { start: 1, end: 5, rule: 'ab' },
    { start: 5, end: 7, rule: 'bc' },
  ])
})

test.each([
  ['', 'is empty'],
  ['(', 'is not a pattern of RE2: '],
  ['(?=a)b', 'is not a pattern of RE2: '],
  ['a*', 'matches nothing at all'],
  ['[a-z]{900}', 'is too large'],
  ['a'.repeat(PATTERN_LENGTH_MAX + 1), 'is longer than'],
])('the pattern %s %s', (pattern, problem) => {
  expect(compilePattern(pattern)).toContain(problem)
})

test('a rule that nobody knows is no rule that masks nothing', () => {
  expect(() => compileRules([{ name: 'anthropic-key' }])).toThrow('No masking rule is called anthropic-key')
  expect(() => compileRules([{ name: 'mine', pattern: '(' }])).toThrow('The pattern of the masking rule mine')
})
