import { expect, test } from 'vitest'
import { banner } from './banner.ts'

const url = 'http://127.0.0.1:8787'
const firstSecrets = { signInToken: 'token', administratorKey: 'pcla_1', developerKey: 'pcl_1' }

test('the first start prints commands that work in any folder, and fetch nothing from a registry', () => {
  const text = banner({ url, publicUrl: url, firstSecrets, signInLink: undefined }, { colours: false })
  expect(text).toContain(`npx ${url}/cli.tgz connect --key pcl_1\n`)
  expect(text).not.toMatch(/npx (?!http)/)
})

test('commands name the address at which clients reach the gateway', () => {
  const publicUrl = 'https://gateway.example.com'
  const text = banner({ url, publicUrl, firstSecrets, signInLink: undefined }, { colours: false })
  expect(text).toContain(`npx ${publicUrl}/cli.tgz connect`)
  expect(text).toContain(`${publicUrl}/signin?token=token`)
})
