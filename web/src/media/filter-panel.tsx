import { NativeSelect, SimpleGrid } from '@mantine/core'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { useFacets } from './queries'
import { useFilterWords } from './use-filter-words'
import { type Filter, listFilters, useView } from './view'

const COLORS = [
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
  'brown',
  'black',
  'gray',
  'white',
]

/** A form with a field for each filter that is needed most. Others can be given in the address, and show as chips. */
export function FilterPanel({ filters }: { filters: string }) {
  const { t } = useMessages()
  const m = useToolMessages()
  const { setView } = useView()
  const facets = useFacets()
  const active = listFilters(filters)
  const word = useFilterWords(active)
  const offered = [
    ['type', Object.keys(facets?.types ?? {})],
    ['orientation', ['landscape', 'portrait', 'square']],
    ['color', COLORS],
    ['minRating', ['1', '2', '3', '4', '5']],
    ['taken', Object.keys(facets?.years ?? {}).sort((a, b) => Number(b) - Number(a))],
    ['animated', ['true', 'false']],
    ['lacks', ['alt', 'tags', 'collection', 'focus']],
    ['reveals', ['position', 'serial', 'faces']],
  ] as const satisfies [Filter, readonly string[]][]
  const label = (filter: Filter, value: string) =>
    filter === 'minRating' && /^[1-5]$/.test(value)
      ? m.ratingFrom(Number(value))
      : capitalize(word(filter, value))
  return (
    <SimpleGrid cols={2} spacing="xs" verticalSpacing="xs">
      {offered.map(([filter, values]) => {
        const value = active.find(([name]) => name === filter)?.[1] ?? ''
        const known = values.some((one) => one === value) || value === ''
        return (
          <NativeSelect
            key={filter}
            size="xs"
            label={t.filterNames[filter]}
            value={value}
            onChange={(event) => {
              const chosen = event.currentTarget.value || null
              void setView({ [filter]: chosen, at: null, open: null }, { history: 'push' })
            }}
            data={[
              { value: '', label: m.any },
              // The address may hold any value.
              ...(known ? values : [value, ...values]).map((one) => ({
                value: one,
                label: label(filter, one),
              })),
            ]}
          />
        )
      })}
    </SimpleGrid>
  )
}

/** As the first word of its line. */
const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
