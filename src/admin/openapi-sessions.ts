import { SessionCreate } from '../contract/console-sessions.ts'
import { refusalsOf } from './openapi-components.ts'
import { toSchema } from './openapi-schema.ts'

/** The two endpoints that give a cookie and take it back. They are for whoever is not known yet, so they stand outside the list. */
export const SESSION_OPERATIONS = {
  '/sessions': {
    post: {
      operationId: 'postSessions',
      tags: ['sessions'],
      summary: 'Sign in with address and password',
      security: [],
      parameters: [],
      requestBody: { required: true, content: { 'application/json': { schema: toSchema(SessionCreate, 'input') } } },
      responses: {
        200: {
          description: 'Signed in; the cookie is the session.',
          headers: { 'set-cookie': { schema: { type: 'string' } } },
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { user_id: { type: 'string' }, object: { const: 'session' } },
                required: ['user_id', 'object'],
                additionalProperties: false,
              },
            },
          },
        },
        ...refusalsOf([400, 401, 403, 429, 500]),
      },
    },
  },
  '/sessions/current': {
    delete: {
      operationId: 'deleteSessionsCurrent',
      tags: ['sessions'],
      summary: 'Sign out; does nothing for who is not signed in',
      security: [{ session: [] }, {}],
      parameters: [{ $ref: '#/components/parameters/csrf' }],
      responses: {
        200: {
          description: 'Signed out; the cookie is taken back.',
          headers: { 'set-cookie': { schema: { type: 'string' } } },
          content: { 'application/json': { schema: { type: 'object', additionalProperties: false } } },
        },
        ...refusalsOf([403, 500]),
      },
    },
  },
}
