import { ActionIcon, Menu, Text, TextInput } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { modals } from '@mantine/modals'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { api, call } from '../api/client'
import { AddIcon, MoreIcon, OpenedIcon } from '../icons'
import { explainRefusal } from '../media/item-edit'
import { COLLECTIONS_KEY, type NamedCollection, useCollections } from '../media/queries'
import { isAt, readPlace, useView, WHOLE } from '../media/view'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { usePermission } from '../session/session'
import classes from './navigation.module.css'
import { NavigationSection, PlaceLink } from './place-link'

/** Entries of one level that are shown. There may be ten thousand. */
const SHOWN = 100

interface ChoosableProps {
  onChoose?: () => void
}

/** What is being named: a new collection below another one, or an existing one. */
type Naming = { parent: number | null } | { id: number; name: string }

/** The collections as a tree, with what changes them. */
export function Collections({ onChoose }: ChoosableProps) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media')
  const all = useCollections()
  const [naming, setNaming] = useState<Naming>()
  const [open, setOpen] = useLocalStorage<number[]>({
    key: 'vitrine-open-collections',
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  const collections = all?.filter(({ query }) => query === null) ?? []
  if (collections.length === 0 && !mayEdit) return null
  const children = Map.groupBy(collections, ({ parent }) => parent)

  const level = (parent: number | null) => {
    const here = children.get(parent) ?? []
    const isNew = naming && 'parent' in naming && naming.parent === parent
    if (here.length === 0 && !isNew) return null
    return (
      <ul className={classes.list}>
        {here.slice(0, SHOWN).map((collection) => {
          const { id, name, total } = collection
          if (naming && 'id' in naming && naming.id === id) {
            return <NameField key={id} naming={naming} onEnd={() => setNaming(undefined)} />
          }
          const isParent = children.has(id)
          const isOpen = open.includes(id) || (naming && 'parent' in naming && naming.parent === id)
          return (
            <PlaceLink
              key={id}
              place={{ collection: String(id), order: 'collection' }}
              count={total}
              {...(onChoose && { onChoose })}
              before={
                isParent ? (
                  <button
                    type="button"
                    className={classes.toggle}
                    aria-expanded={isOpen === true}
                    aria-label={t.openCollection(name)}
                    onClick={() =>
                      setOpen(isOpen ? open.filter((one) => one !== id) : [...open, id])
                    }
                  >
                    <span className={classes.arrow} data-open={isOpen || undefined}>
                      <OpenedIcon />
                    </span>
                  </button>
                ) : (
                  <span className={classes.noToggle} />
                )
              }
              beside={
                mayEdit && (
                  <EntryMenu collection={collection} isParent={isParent} onName={setNaming} />
                )
              }
              below={isOpen && <div className={classes.within}>{level(id)}</div>}
            >
              {name}
            </PlaceLink>
          )
        })}
        {here.length > SHOWN && (
          <Text component="li" size="xs" c="dimmed" className={classes.hint}>
            {t.moreCollections(here.length - SHOWN)}
          </Text>
        )}
        {isNew && <NameField naming={naming} onEnd={() => setNaming(undefined)} />}
      </ul>
    )
  }

  return (
    <NavigationSection
      name="collections"
      title={t.collections}
      action={
        mayEdit && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t.addCollection}
            title={t.addCollection}
            onClick={() => setNaming({ parent: null })}
          >
            <AddIcon />
          </ActionIcon>
        )
      }
    >
      {level(null)}
    </NavigationSection>
  )
}

/** Saved searches. Each shows what it finds now. */
export function SavedSearches({ onChoose }: ChoosableProps) {
  const { t } = useMessages()
  const mayEdit = usePermission('edit-media')
  const searches = useCollections()?.filter(({ query }) => query !== null) ?? []
  const [naming, setNaming] = useState<Naming>()
  if (searches.length === 0) return null
  return (
    <NavigationSection name="searches" title={t.savedSearches}>
      <ul className={classes.list}>
        {searches.slice(0, SHOWN).map((search) =>
          naming && 'id' in naming && naming.id === search.id ? (
            <NameField key={search.id} naming={naming} onEnd={() => setNaming(undefined)} />
          ) : (
            <PlaceLink
              key={search.id}
              place={readPlace(search.query ?? '')}
              {...(onChoose && { onChoose })}
              beside={
                mayEdit && <EntryMenu collection={search} isParent={false} onName={setNaming} />
              }
            >
              {search.name}
            </PlaceLink>
          ),
        )}
      </ul>
    </NavigationSection>
  )
}

interface NameFieldProps {
  naming: Naming
  onEnd: () => void
}

/** A field in the place of the entry. Enter saves the name; Escape and an empty name change nothing. */
function NameField({ naming, onEnd }: NameFieldProps) {
  const { t } = useMessages()
  const client = useQueryClient()
  const former = 'id' in naming ? naming.name : ''
  const [name, setName] = useState(former)
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (given: string) => {
      await ('id' in naming
        ? call(
            api.PATCH('/collections/{id}', {
              params: { path: { id: naming.id } },
              body: { name: given },
            }),
          )
        : call(api.POST('/collections', { body: { name: given, parent: naming.parent } })))
      await client.invalidateQueries({ queryKey: COLLECTIONS_KEY })
    },
    onSuccess: onEnd,
  })
  const save = () => {
    const given = name.trim()
    if (given === '' || given === former) onEnd()
    else mutate(given)
  }
  return (
    <li>
      <TextInput
        size="xs"
        aria-label={t.collectionName}
        value={name}
        maxLength={255}
        readOnly={isPending}
        error={error && (explainRefusal(error, t) ?? t.serverFault)}
        autoFocus
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => {
          reset()
          setName(event.currentTarget.value)
        }}
        onKeyDown={({ key, nativeEvent }) => {
          if (nativeEvent.isComposing) return
          if (key === 'Enter') save()
          if (key === 'Escape') onEnd()
        }}
        onBlur={() => !error && save()}
      />
    </li>
  )
}

interface EntryMenuProps {
  collection: NamedCollection
  isParent: boolean
  onName: (naming: Naming) => void
}

/** What can be done with a collection or a saved search. */
function EntryMenu({ collection, isParent, onName }: EntryMenuProps) {
  const { t } = useMessages()
  const { id, name, query } = collection
  const client = useQueryClient()
  const { search, filters, setView } = useView()
  const { mutate: remove } = useMutation({
    mutationFn: () => {
      const params = { path: { id }, ...(isParent && { query: { recursive: true } }) }
      return call(api.DELETE('/collections/{id}', { params }))
    },
    onSuccess: () => {
      if (isAt({ search, filters }, { collection: String(id) })) {
        void setView(WHOLE, { history: 'push' })
      }
    },
    onError: (error) => {
      const message = explainRefusal(error, t)
      if (message) notify(message, { color: 'red' })
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['media'] }),
  })
  const button = useRef<HTMLButtonElement>(null)
  const isNaming = useRef(false)
  const begin = (naming: Naming) => {
    isNaming.current = true
    onName(naming)
  }
  const ask = () =>
    modals.openConfirmModal({
      title: t.deleteCollection(name),
      children: query === null ? (isParent ? t.deleteTreeHint : t.deleteCollectionHint) : undefined,
      labels: { confirm: t.remove, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      centered: true,
      onConfirm: () => remove(),
    })
  return (
    <Menu
      position="bottom-end"
      withInitialFocusPlaceholder={false}
      // The field for a name takes the focus instead.
      returnFocus={false}
      onClose={() => {
        if (!isNaming.current) button.current?.focus()
        isNaming.current = false
      }}
    >
      <Menu.Target>
        <ActionIcon
          ref={button}
          className={classes.more}
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={t.changeCollection(name)}
        >
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {query === null && (
          <Menu.Item onClick={() => begin({ parent: id })}>{t.addCollectionWithin}</Menu.Item>
        )}
        <Menu.Item onClick={() => begin({ id, name })}>{t.renameCollection}</Menu.Item>
        <Menu.Item color="red" onClick={ask}>
          {t.remove}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
