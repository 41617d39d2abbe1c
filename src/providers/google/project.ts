import { URL_LABEL } from '../addresses.ts'
import type { Credential, Upstream } from '../adapter.ts'
import { unavailable } from '../token-exchange.ts'
import { readKeyFile } from './key-file.ts'

/** The Google project that an account's calls belong to: as set, else the one of its key file. Throws `credential.unavailable`. */
export function projectOf({ slug, settings, credential }: Upstream): string {
  const project = settings.vertex_project_id ?? projectOfKey(credential())
  if (project === undefined) throw unavailable(`@${slug} has no Google project; set vertex_project_id`)
  // It stands in a path, where a slash or dots would ask for something else. Old projects have a domain in front: `example.com:name`.
  if (!project.split(':').every((part) => part.split('.').every((label) => URL_LABEL.test(label)))) {
    throw unavailable(`The vertex_project_id of @${slug} is not the id of a project`)
  }
  return project
}

const projects = new WeakMap<Credential, { readonly id: string | undefined }>()

function projectOfKey(credential: Credential | undefined): string | undefined {
  const text = credential?.vertex_service_account_json ?? credential?.key
  if (credential === undefined || text === undefined) return undefined
  const known = projects.get(credential) ?? { id: readKeyFile(text).projectId }
  projects.set(credential, known)
  return known.id
}
