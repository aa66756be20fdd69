import { MultiSelect } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { api, call } from '../api/client'
import { useMessages } from '../messages/messages'
import { explainRefusal } from './item-edit'
import { useCollections } from './queries'

/** Options that are shown at once. There may be thousands of collections. */
const SHOWN = 50
/** Value of the option that makes a new collection. */
const NEW = 'new'

interface CollectionsFieldProps {
  /** Ids, ascending. */
  value: readonly number[]
  onChange: (value: number[]) => void
  mayEdit: boolean
}

/** The collections that an image is in. A name that there is not yet makes a new collection. */
export function CollectionsField({ value, onChange, mayEdit }: CollectionsFieldProps) {
  const { t } = useMessages()
  const client = useQueryClient()
  const collections = useCollections()
  const [search, setSearch] = useState('')
  const latest = useRef(value)
  latest.current = value
  const choose = (ids: readonly number[]) => onChange([...ids].sort((a, b) => a - b))
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (name: string) => {
      const { data } = await call(api.POST('/collections', { body: { name } }))
      await client.invalidateQueries({ queryKey: ['collections'] })
      return data.collection.id
    },
  })
  if (!mayEdit && value.length === 0) return null

  // Nothing can be put into a saved search.
  const open = collections?.filter(({ isSearch }) => !isSearch) ?? []
  const known = new Set(open.map(({ id }) => id))
  const name = search.trim()
  const isNew = name !== '' && !open.some(({ path }) => fold(path) === fold(name))
  const data = [
    ...open.map(({ id, path }) => ({ value: String(id), label: path })),
    ...value.filter((id) => !known.has(id)).map((id) => ({ value: String(id), label: '…' })),
    ...(isNew ? [{ value: NEW, label: t.newCollection(name) }] : []),
  ]
  return (
    <MultiSelect
      label={t.collections}
      data={data}
      value={value.map(String)}
      onChange={(chosen) => {
        reset()
        if (!chosen.includes(NEW)) choose(chosen.map(Number))
        // Called only while the field is there: another image may be open by then.
        else mutate(name, { onSuccess: (id) => choose([...latest.current, id]) })
      }}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      filter={({ options, search: typed }) => {
        const words = fold(typed).split(/\s+/)
        const found = options.filter(
          (option) =>
            'value' in option &&
            option.value !== NEW &&
            words.every((word) => fold(option.label).includes(word)),
        )
        const last = options.filter((option) => 'value' in option && option.value === NEW)
        return [...found.slice(0, SHOWN), ...last]
      }}
      hidePickedOptions
      clearable={false}
      readOnly={!mayEdit || isPending}
      variant={mayEdit ? 'default' : 'unstyled'}
      error={error && explainRefusal(error, t)}
    />
  )
}

const fold = (text: string) =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .trim()
