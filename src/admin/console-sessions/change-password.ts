import { Nothing } from '../../contract/fields.ts'
import { PasswordChange } from '../../contract/console-sessions.ts'
import { route } from '../route.ts'
import { setPassword } from './set-password.ts'

export const changePassword = route({
  method: 'POST',
  path: '/sessions/current/password',
  summary: 'Set or change the password of whoever is signed in; ends their other sessions',
  scope: [],
  body: PasswordChange,
  reply: Nothing,
  async handle({ caller, body }, parts) {
    await setPassword(caller, body, parts)
    return {}
  },
})
