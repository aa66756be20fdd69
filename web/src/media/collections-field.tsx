import { MultiSelect } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import { api, call } from '../api/client'
import { useMessages } from '../messages/messages'
import { explainRefusal } from './item-edit'
import { foldName, useCollections } from './queries'

/** Options that are shown at once. There may be thousands of collections. */
const SHOWN = 50
/** Value of the option that makes a new collection. */
const NEW = 'new'

interface CollectionsFieldProps {
  /** "Collections" unless said. */
  label?: string
  /** Ids, ascending. */
  value: readonly number[]
  onChange: (value: number[]) => void
  mayEdit: boolean
}

/** The collections that an image is in. A name that there is not yet makes a new collection. */
export function CollectionsField({ label, value, onChange, mayEdit }: CollectionsFieldProps) {
  const { t } = useMessages()
  const client = useQueryClient()
  const collections = useCollections()
  const [search, setSearch] = useState('')
  const [isOpen, { open, close }] = useDisclosure()
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
  const name = search.trim()
  // Chosen here and not by the component: there may be thousands, and each key would go through all of them.
  const found = useMemo(() => {
    const words = foldName(name).split(/\s+/)
    // Nothing can be put into a saved search.
    return (collections ?? []).filter(
      ({ isSearch, folded }) => !isSearch && words.every((word) => folded.includes(word)),
    )
  }, [collections, name])
  if (!mayEdit && value.length === 0) return null

  const isNew = name !== '' && !found.some(({ folded }) => folded === foldName(name))
  const pathOf = (id: number) => collections?.find((one) => one.id === id)?.path ?? '…'
  const data = [
    ...value.map((id) => ({ value: String(id), label: pathOf(id) })),
    ...found
      .filter(({ id }) => !value.includes(id))
      .slice(0, SHOWN)
      .map(({ id, path }) => ({ value: String(id), label: path })),
    ...(isNew ? [{ value: NEW, label: t.newCollection(name) }] : []),
  ]
  return (
    <MultiSelect
      label={label ?? t.collections}
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
      filter={({ options }) => options}
      // What lies below is free again after a choice. Typing opens the options once more.
      dropdownOpened={isOpen}
      onDropdownOpen={open}
      onDropdownClose={close}
      onOptionSubmit={close}
      selectFirstOptionOnChange
      hidePickedOptions
      clearable={false}
      readOnly={!mayEdit || isPending}
      variant={mayEdit ? 'default' : 'unstyled'}
      error={error && explainRefusal(error, t)}
    />
  )
}
