import { Nothing } from '../../contract/fields.ts'
import { deleteLegalHold, listLegalHolds } from '../../store/legal-holds.ts'
import { audited } from '../change.ts'
import { missing } from '../error.ts'
import { route } from '../route.ts'
import { showHold } from './show-hold.ts'

export const deleteHold = route({
  method: 'DELETE',
  path: '/records/holds/:id',
  summary: 'End a legal hold; what is past its time goes with the next clearing',
  scope: ['organisation_settings.update'],
  reply: Nothing,
  async handle({ caller, params: { id } }, parts) {
    await audited(parts, { caller, action: 'delete', resource: 'legal-hold' }, async (tx, note) => {
      const hold = (await listLegalHolds(tx, caller.organisationId)).find((each) => each.id === id)
      if (hold === undefined) throw missing(`The hold ${id}`)
      await deleteLegalHold(tx, id)
      note({ id, before: showHold(hold) })
    })
    return {}
  },
})
