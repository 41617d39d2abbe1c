import { type Hash, type Hmac, createHash, createHmac } from 'node:crypto'

/** SHA-256 as the signing library wants it: with a key it is an HMAC. Node's own takes a third of the time of one in JavaScript. */
export class Sha256 {
  #hash: Hash | Hmac
  readonly #secret: Input | undefined

  constructor(secret?: Input) {
    this.#secret = secret
    this.#hash = start(secret)
  }

  update(data: Input): void {
    this.#hash.update(bytesOf(data))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    this.#hash = start(this.#secret)
  }
}

type Input = string | ArrayBuffer | ArrayBufferView

function start(secret: Input | undefined): Hash | Hmac {
  return secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
}

function bytesOf(data: Input): string | NodeJS.ArrayBufferView {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as string | NodeJS.ArrayBufferView)
}
