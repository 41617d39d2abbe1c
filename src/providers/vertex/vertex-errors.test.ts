import { describe, expect, it } from 'vitest'
import { explainGoogleError } from './vertex-errors.ts'

const PROJECT = 'acme-claude'

function google(status: string, message: string, more: object = {}) {
  return { error: { code: 0, message, status, ...more } }
}

describe('a Google error', () => {
  it.each([
    ['INVALID_ARGUMENT', 400, 400, 'invalid_request_error'],
    ['FAILED_PRECONDITION', 400, 400, 'invalid_request_error'],
    ['PERMISSION_DENIED', 403, 403, 'permission_error'],
    ['NOT_FOUND', 404, 404, 'not_found_error'],
    ['RESOURCE_EXHAUSTED', 429, 429, 'rate_limit_error'],
    ['DEADLINE_EXCEEDED', 504, 504, 'timeout_error'],
    ['UNAVAILABLE', 503, 529, 'overloaded_error'],
    ['INTERNAL', 500, 500, 'api_error'],
    ['A_NEW_ONE', 502, 500, 'api_error'],
    ['A_NEW_ONE', 418, 400, 'invalid_request_error'],
    ['constructor', 418, 400, 'invalid_request_error'],
  ])('%s with status %i is told as %i %s', (status, httpStatus, told, type) => {
    const document = google(status, 'Something is wrong.')
    const expected = { status: told, type, message: 'Something is wrong.' }
    expect(explainGoogleError({ status: httpStatus, document }, PROJECT)).toMatchObject(expected)
    expect(explainGoogleError({ status: httpStatus, document: [document] }, PROJECT)).toMatchObject(expected)
  })

  it.each([
    'The request size (31457281 bytes) exceeds 30.000MB limit.',
    'The message size (40000000 bytes) exceeds the limit.',
  ])('about size has the words that make Claude Code drop images: %s', (message) => {
    const told = explainGoogleError({ status: 400, document: google('INVALID_ARGUMENT', message) }, PROJECT)
    expect(told).toMatchObject({ status: 400, type: 'invalid_request_error', message: 'Input is too long.' })
    const envelope = { type: 'error', error: { type: 'invalid_request_error', message } }
    expect(explainGoogleError({ status: 400, document: envelope }, PROJECT)?.message).toBe('Input is too long.')
  })

  it.each([
    ['Permission denied on resource projects/other-project/locations/global.', 'other-project'],
    ['Publisher model is not found in acme-claude.', 'acme-claude'],
    ['Quota exceeded for consumer project_number:123456789012', '123456789012'],
    ['Enable it at https://console.example.com/apis?project=x then retry.', 'console.example.com'],
  ])('does not name project or address: %s', (message, secret) => {
    const told = explainGoogleError({ status: 403, document: google('PERMISSION_DENIED', message) }, PROJECT)
    expect(told?.message).not.toContain(secret)
    expect(told?.message.split(' ').slice(0, 2)).toEqual(message.split(' ').slice(0, 2))
  })

  it('says when to come back, if Google does', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '12.5s' }]
    const document = google('RESOURCE_EXHAUSTED', 'Quota.', { details })
    expect(explainGoogleError({ status: 429, document }, PROJECT)?.retryAfterSeconds).toBe(13)
  })

  it('that wraps the words of a model is told in those words', () => {
    const said = 'messages.1.content.0: Invalid `signature` in `thinking` block'
    const nested = JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message: said } })
    const told = explainGoogleError({ status: 400, document: google('INVALID_ARGUMENT', nested) }, PROJECT)
    expect(told).toMatchObject({ status: 400, message: said })
  })

  it('of a model passes byte for byte', () => {
    const document = {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
      request_id: 'req_vrtx_1',
    }
    expect(explainGoogleError({ status: 529, document }, PROJECT)).toBeUndefined()
  })

  it('without a readable body is told by its status', () => {
    expect(explainGoogleError({ status: 503, document: undefined }, PROJECT)).toMatchObject({
      status: 529,
      type: 'overloaded_error',
    })
  })
})
