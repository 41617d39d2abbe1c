import type { Page, Window } from '../store/page.ts'

/** Portkey's pages, which count from 0, as a window on a list. */
export function windowOf(page: { readonly current_page: number; readonly page_size: number }): Window {
  return { offset: page.current_page * page.page_size, limit: page.page_size }
}

/** People are paged in camel case by Portkey's clients and in snake case by everybody; both are taken. */
export function eitherPage(page: {
  readonly currentPage?: number | undefined
  readonly pageSize?: number | undefined
  readonly current_page?: number | undefined
  readonly page_size?: number | undefined
}): { readonly current_page: number; readonly page_size: number } {
  return {
    current_page: page.currentPage ?? page.current_page ?? 0,
    page_size: page.pageSize ?? page.page_size ?? 100,
  }
}

/** A page as an answer. */
export function showPage<Item, Shown>({ items, total }: Page<Item>, show: (item: Item) => Shown): List<Shown> {
  return { object: 'list', total, data: items.map(show) }
}

export interface List<Shown> {
  readonly object: 'list'
  readonly total: number
  readonly data: Shown[]
}
