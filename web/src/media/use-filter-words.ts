import { useMessages } from '../messages/messages'
import { useCollections } from './queries'
import type { Filter } from './view'

/** @returns a function that puts the value of a filter into words */
export function useFilterWords(active: [Filter, string][]) {
  const { t, locale } = useMessages()
  const collections = useCollections(active.some(([filter]) => filter === 'collection'))
  const bytes = new Intl.NumberFormat(locale, { style: 'unit', unit: 'byte' })
  return (filter: Filter, value: string): string => {
    if (filter === 'collection') {
      return (
        collections?.find(({ id }) => String(id) === value)?.path ?? t.filterWords[value] ?? value
      )
    }
    if (/^\d+$/.test(value)) {
      if (filter.endsWith('Size')) return bytes.format(Number(value))
      if (filter.endsWith('Width') || filter.endsWith('Height')) return `${value} px`
    }
    const isOwnText = /tag$|addedBy/i.test(filter)
    return value
      .split(',')
      .map((part) => (isOwnText ? part : (t.filterWords[part] ?? part)))
      .join(', ')
  }
}
