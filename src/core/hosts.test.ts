import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkHost, isPrivateAddress } from './hosts.ts'

describe('checkHost', () => {
  it('takes a public https address apart into origin, host and path', () => {
    expect(checkHost('https://API.anthropic.com/v1/', [])).toEqual({
      allowed: true,
      origin: 'https://api.anthropic.com',
      hostname: 'api.anthropic.com',
      basePath: '/v1',
      trusted: false,
    })
  })

  it.each([
    'https://8.8.8.8/v1',
    'https://[2606:4700::1111]/v1',
    'https://eu.api.example.com:8443/anthropic/v1',
    'https://xn--bcher-kva.example.net',
  ])('allows %s', (url) => {
    expect(checkHost(url, []).allowed).toBe(true)
  })

  it.each([
    // not an address of the web
    'ftp://api.anthropic.com',
    'file:///etc/passwd',
    'api.anthropic.com/v1',
    'https:api.anthropic.com',
    'https://',
    '',
    'javascript:alert(1)',
    'https:///v1',
    // more than host and path
    'https://user@api.anthropic.com',
    'https://user:pw@api.anthropic.com',
    'https://api.anthropic.com/v1?x=1',
    'https://api.anthropic.com/v1#x',
    'https://api.anthropic.com\\@evil.example.com',
    'https://api.anthropic.com/../v1',
    'https://api.anthropic.com/%2e%2e/v1',
    'https://api.anthropic.com//v1',
    ' https://api.anthropic.com',
    'https://api.anthropic.com/v\t1',
    'https://api.anthropic.com:99999/v1',
    // names that are not plain ASCII names
    'https://bücher.example.net',
    'https://api.anthropic.com./v1',
    'https://api%2eanthropic.com',
    'https://a..b.com',
    'https://ⓐpi.anthropic.com',
    'https://a.b.c.d.e.f.g.h.i.j.com',
    'https://-a.example.com',
    // this network
    'https://localhost',
    'https://gateway',
    'https://api.local',
    'https://db.internal',
    'https://x.localhost',
    'https://metadata.google.internal/v1',
    'https://metadata.goog',
    'https://a.corp',
    'https://router.lan',
    'https://127.0.0.1.nip.io',
    'https://localtest.me',
    'https://127.0.0.1',
    'https://10.0.0.1',
    'https://172.16.0.1',
    'https://192.168.1.1',
    'https://169.254.169.254',
    'https://100.64.0.1',
    'https://100.100.100.200',
    'https://168.63.129.16',
    'https://0.0.0.0',
    'https://255.255.255.255',
    'https://[::1]',
    'https://[::]',
    'https://[fe80::1]',
    'https://[fd00:ec2::254]',
    'https://[fec0::1]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'https://[::7f00:1]',
    // no encryption
    'http://api.anthropic.com',
  ])('refuses %s', (url) => {
    expect(checkHost(url, [])).toMatchObject({ allowed: false })
  })

  it.each([
    'https://2130706433',
    'https://0x7f000001',
    'https://0177.0.0.1',
    'https://127.1',
    'https://0x7f.0.0.1',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:7f00:1]',
    'https://[0:0:0:0:0:0:0:1]',
    'https://134744072',
  ])('refuses the odd spelling %s even when the address behind it is trusted', (url) => {
    expect(checkHost(url, ['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '8.8.8.8'])).toMatchObject({ allowed: false })
  })

  it.each([
    ['http://localhost:9000/v1', ['localhost']],
    ['http://127.0.0.1:9000', ['127.0.0.1:9000']],
    ['http://[::1]:9000', ['[::1]']],
    ['https://llm.corp/v1', ['llm.corp:443']],
    ['https://a.b.corp/v1', ['*.corp']],
    ['http://gateway', ['other', ' GATEWAY ']],
  ])('lets %s through for an operator who trusts %s', (url, trusted) => {
    expect(checkHost(url, trusted)).toMatchObject({ allowed: true, trusted: true })
  })

  it.each([
    ['http://127.0.0.1:9001', ['127.0.0.1:9000']],
    ['http://evil-localhost', ['localhost']],
    ['http://localhost.evil.corp', ['localhost']],
    ['https://evilcorp', ['*.corp']],
    ['https://corp', ['*.corp']],
    ['http://localhost', ['']],
  ])('does not stretch the trust in a neighbour to %s', (url, trusted) => {
    expect(checkHost(url, trusted).allowed).toBe(false)
  })

  it('tells how a private host can be allowed', () => {
    expect(checkHost('https://10.1.2.3/v1', [])).toMatchObject({
      reason: expect.stringContaining('TRUSTED_CUSTOM_HOSTS'),
    })
  })

  it('never throws and never allows a private IPv4 address, whatever is written around it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('10.0.0.1', '127.0.0.1', '169.254.169.254'),
        fc.string(),
        fc.string(),
        (ip, before, after) => {
          for (const url of [`https://${ip}${after}`, `${before}${ip}`, `https://${ip}:443/${after}`]) {
            const verdict = checkHost(url, [])
            if (verdict.allowed) expect(verdict.hostname).not.toBe(ip)
          }
        },
      ),
    )
  })
})

describe('isPrivateAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '160.79.104.10', '2606:4700::1111', '2a00:1450:4001::1'])('%s is public', (ip) => {
    expect(isPrivateAddress(ip)).toBe(false)
  })

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '198.18.0.1',
    '192.0.0.192',
    '168.63.129.16',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
    '2002:808:808::',
    '2001::1',
    '::7f00:1',
    '2001:db8::1',
    'not an address',
    '',
  ])('%s is not', (ip) => {
    expect(isPrivateAddress(ip)).toBe(true)
  })
})
