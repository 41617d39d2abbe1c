import type { FastifyRequest } from 'fastify'
import type { SignInMethod } from '../../store/console-sessions.ts'
import type { User } from '../../store/users.ts'

/** What is read of a request by somebody who wants in. */
export type Knock = Pick<FastifyRequest, 'method' | 'url' | 'ip' | 'headers'>

/**
 * A way to prove who one is. There are two, a link and a password; single sign-on will be a third. Whatever the way, the
 * session that follows is the same.
 */
export interface SignIn<Proof> {
  readonly method: SignInMethod
  /**
   * The person whom the proof is about; undefined when it proves nothing, is used up or too old, or the person is suspended:
   * which of them is nobody's business. Throws AB06 for who tries too often.
   */
  prove(proof: Proof, knock: Knock): Promise<User | undefined>
}
