import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test.each([
  ['PORT', 'abc', 'must be a whole number'],
  ['PORT', '70000', 'must be from 0 to 65535'],
  ['PORTCULLIS_PUBLIC_URL', 'gateway.example.com', 'must be a URL such as https://gateway.example.com'],
  [
    'PORTCULLIS_DATABASE_URL',
    'mysql://db.internal/portcullis',
    'must be a URL such as postgres://user:password@host:5432/portcullis',
  ],
  ['PORTCULLIS_LOG_LEVEL', 'loud', 'must be one of fatal, error, warn, info, debug, trace, silent'],
  [
    'PORTCULLIS_SMTP_URL',
    'https://mail.example.com',
    'must be an address such as smtps://user:password@mail.example.com',
  ],
  [
    'PORTCULLIS_SMTP_FROM',
    'a@example.com\nBcc: b@example.com',
    'must be an address such as Portcullis <portcullis@example.com>',
  ],
  ['PORTCULLIS_PING', '1', 'no such setting; did you mean PORTCULLIS_PING_MS?'],
])('%s=%s is refused with a line that says what it has to be', (name, value, line) => {
  expect(() => readConfig({ [name]: value })).toThrow(`\n  ${name}: ${line}`)
})

test.each([
  'postgres://portcullis:pa%23ss@db.internal:5432/portcullis?sslmode=verify-full',
  'postgresql:///portcullis?host=/var/run/postgresql&user=portcullis',
])('%s names a database, over the network or a socket', (url) => {
  expect(readConfig({ PORTCULLIS_DATABASE_URL: url }).PORTCULLIS_DATABASE_URL).toBe(url)
})

test('a database URL that cannot be read is refused without its password', () => {
  const PORTCULLIS_DATABASE_URL = 'postgres://portcullis:pa/ss#word@db.internal/portcullis'
  expect(() => readConfig({ PORTCULLIS_DATABASE_URL })).toThrow(
    /^((?!pa\/ss)[^])*PORTCULLIS_DATABASE_URL: must be a URL/,
  )
})

test('trusted hosts are hosts: a URL among them would silently trust nobody', () => {
  expect(readConfig({ TRUSTED_CUSTOM_HOSTS: ' LLM.corp.internal, *.lan,[::1]:9000 ' }).trustedHosts).toEqual([
    'llm.corp.internal',
    '*.lan',
    '[::1]:9000',
  ])
  expect(() => readConfig({ TRUSTED_CUSTOM_HOSTS: 'http://127.0.0.1:9000' })).toThrow(/must list hosts without scheme/)
})

test('a mail server comes with a sender', () => {
  const PORTCULLIS_SMTP_URL = 'smtps://mail.example.com'
  expect(() => readConfig({ PORTCULLIS_SMTP_URL })).toThrow(/PORTCULLIS_SMTP_FROM: is required/)
  for (const PORTCULLIS_SMTP_FROM of ['portcullis@example.com', 'Portcullis <portcullis@example.com>']) {
    expect(readConfig({ PORTCULLIS_SMTP_URL, PORTCULLIS_SMTP_FROM }).mailServer).toEqual({
      url: PORTCULLIS_SMTP_URL,
      from: PORTCULLIS_SMTP_FROM,
    })
  }
  expect(readConfig({}).mailServer).toBeUndefined()
})

test('all problems are told at once', () => {
  expect(() => readConfig({ PORT: 'abc', HOST: '127.0.0.1', PORTCULLIS_PING_MS: '1' })).toThrow(/PORT: [^]*PING_MS: /)
})

test('without an endpoint nothing is exported', () => {
  expect(readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a', OTEL_SERVICE_NAME: 'claude' }).collector).toBeUndefined()
})

test('lists of OpenTelemetry are read as it writes them', () => {
  const { collector } = readConfig({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com/otlp',
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YTpi, x-team = payments',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=production',
    OTEL_SERVICE_NAME: 'gateway',
  })
  expect(collector).toEqual({
    endpoint: 'https://collector.example.com/otlp',
    headers: { Authorization: 'Basic YTpi', 'x-team': 'payments' },
    timeoutMs: 10_000,
    metricIntervalMs: 60_000,
    resource: { 'service.name': 'gateway', 'deployment.environment.name': 'production' },
  })
})

test.each(['no-equals-sign', '=value', 'a=%zz', 'x=secret%0d%0aevil: 1'])(
  'headers such as %s are refused, without being repeated',
  (headers) => {
    expect(() => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: headers })).toThrow(
      /OTEL_EXPORTER_OTLP_HEADERS: must be name=value,name=value, without line breaks$/,
    )
  },
)
