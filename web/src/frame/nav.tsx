import { ActionIcon } from '@mantine/core'
import { modals } from '@mantine/modals'
import { type MouseEvent, type ReactNode, useState } from 'react'
import { at } from '../api/base'
import {
  AddIcon,
  BinIcon,
  DoubleIcon,
  ImagesIcon,
  NoAltIcon,
  PinIcon,
  RemoveIcon,
  TagIcon,
  WriteIcon,
} from '../icons'
import { type NamedCollection, useCollections, useFacets } from '../media/queries'
import { isTrash, listFilters, queryFor, queryOf, useView, type View, WHOLE } from '../media/view'
import { useMessages } from '../messages/messages'
import { SCREENS, type Screen, useScreen } from '../screen'
import { usePermission, useTrash } from '../session/session'
import { CollectionTree } from './collection-tree'
import { NameInput } from './name-input'
import classes from './nav.module.css'
import { useCollectionChanges } from './use-collection-changes'

const SCREEN_ICONS: Record<Screen, ReactNode> = { alt: <WriteIcon />, duplicates: <DoubleIcon /> }

/** Tags that are listed, the most used first. */
const SHOWN_TAGS = 15

interface NavProps {
  view: View
  /** Called when another part of the library is chosen. */
  onChoose?: () => void
}

/** The parts of the library with their counts: the whole, what lacks something, collections, saved searches, tags. */
export function Nav({ view, onChoose }: NavProps) {
  const { t } = useMessages()
  const { setView } = useView()
  const { screen, goTo } = useScreen()
  const facets = useFacets()
  const collections = useCollections() ?? []
  const hasTrash = useTrash() === true
  const mayEdit = usePermission('edit-media')
  const active = listFilters(view.filters)
  const [only] = active
  const isOnly = (name: string, value: string) =>
    screen === null &&
    view.search === '' &&
    !isTrash(view) &&
    active.length === 1 &&
    only?.[0] === name &&
    only[1] === value
  const isWhole = screen === null && view.search === '' && view.filters === ''
  // One entry of the history: changes of the address in one turn are made together.
  const show = (changes: Changes) => {
    void setView({ ...WHOLE, ...changes }, { history: 'push' })
    if (screen !== null) goTo(null)
    onChoose?.()
  }
  const collection = active.find(([name]) => name === 'collection')?.[1]
  return (
    <nav className={classes.nav} aria-label={t.navigation}>
      <div className={classes.brand} aria-hidden>
        <img src={at('/favicon.svg')} alt="" width={24} height={24} />
        <span>Vitrine</span>
      </div>
      <ul className={classes.places}>
        <PlaceLink
          icon={<ImagesIcon />}
          label={t.library}
          count={facets?.total}
          query={{}}
          isCurrent={isWhole}
          onShow={show}
        />
        <PlaceLink
          icon={<TagIcon />}
          label={t.untagged}
          count={facets?.lacks.tags}
          query={{ lacks: 'tags' }}
          isCurrent={isOnly('lacks', 'tags')}
          onShow={show}
        />
        <PlaceLink
          icon={<NoAltIcon />}
          label={t.noAlt}
          count={facets?.lacks.alt}
          query={{ lacks: 'alt' }}
          isCurrent={isOnly('lacks', 'alt')}
          onShow={show}
        />
        <PlaceLink
          icon={<PinIcon />}
          label={t.revealsPlace}
          query={{ reveals: 'position' }}
          isCurrent={isOnly('reveals', 'position')}
          onShow={show}
        />
        {hasTrash && (
          <PlaceLink
            icon={<BinIcon />}
            label={t.trash}
            count={facets?.trash}
            query={{ in: 'trash' }}
            isCurrent={screen === null && isTrash(view)}
            onShow={show}
          />
        )}
        {SCREENS.filter((one) => mayEdit || one !== 'alt').map((one) => (
          <li key={one}>
            <a
              className={classes.place}
              href={`?view=${one}`}
              aria-current={one === screen ? 'page' : undefined}
              onClick={(event) => {
                if (isNewTab(event)) return
                event.preventDefault()
                goTo(one)
                onChoose?.()
              }}
            >
              {SCREEN_ICONS[one]}
              <span className={classes.label}>{t.screens[one]}</span>
            </a>
          </li>
        ))}
      </ul>
      {(mayEdit || collections.some(({ isSearch }) => !isSearch)) && (
        <CollectionTree
          collections={collections}
          shown={collection === undefined ? undefined : Number(collection)}
          onShow={(id) => show({ collection: String(id) })}
          mayEdit={mayEdit}
        />
      )}
      <SavedSearches view={view} collections={collections} onShow={show} mayEdit={mayEdit} />
      {facets && facets.tags.length > 0 && (
        <section aria-label={t.tags}>
          <div className={classes.heading}>
            <h2>{t.tags}</h2>
          </div>
          <ul className={classes.searches}>
            {facets.tags.slice(0, SHOWN_TAGS).map(({ tag, count }) => (
              <PlaceLink
                key={tag}
                label={tag}
                count={count}
                query={{ tag }}
                isCurrent={isOnly('tag', tag)}
                onShow={show}
              />
            ))}
          </ul>
        </section>
      )}
    </nav>
  )
}

type Changes = Parameters<ReturnType<typeof useView>['setView']>[0]
/** What a link of the navigation shows of the library. */
type Shown = { lacks?: string; reveals?: string; tag?: string; in?: 'trash' }

interface PlaceLinkProps {
  icon?: ReactNode
  label: string
  count?: number | undefined
  query: Shown
  isCurrent: boolean
  onShow: (changes: Changes) => void
}

/** A link with a count. The browser opens it in a new tab, as any link. */
function PlaceLink({ icon, label, count, query, isCurrent, onShow }: PlaceLinkProps) {
  const { t } = useMessages()
  return (
    <li>
      <a
        className={classes.place}
        href={queryFor(query) || '?'}
        aria-current={isCurrent ? 'page' : undefined}
        onClick={(event) => {
          if (isNewTab(event)) return
          event.preventDefault()
          onShow(query)
        }}
      >
        {icon}
        <span className={classes.label}>{label}</span>
        {count !== undefined && <span className={classes.count}>{t.count(count)}</span>}
      </a>
    </li>
  )
}

const isNewTab = ({ ctrlKey, metaKey, shiftKey }: MouseEvent) => ctrlKey || metaKey || shiftKey

interface SavedSearchesProps {
  view: View
  collections: readonly NamedCollection[]
  onShow: (changes: Changes) => void
  mayEdit: boolean
}

/** Saved searches, and a button that saves what the library is narrowed to. */
function SavedSearches({ view, collections, onShow, mayEdit }: SavedSearchesProps) {
  const { t } = useMessages()
  const change = useCollectionChanges()
  const [isNaming, setIsNaming] = useState(false)
  const searches = collections.filter(({ isSearch }) => isSearch)
  const shown = queryOf(view)
  const isNarrowed = view.search !== '' || listFilters(view.filters).length > 0
  const maySave = mayEdit && isNarrowed && !isTrash(view)
  if (searches.length === 0 && !maySave && !isNaming) return null
  const askDelete = ({ id, name }: NamedCollection) =>
    modals.openConfirmModal({
      title: t.deleteSearch(name),
      children: t.deleteSearchHint,
      labels: { confirm: t.remove, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      onConfirm: () => void change({ kind: 'delete', id }),
    })
  return (
    <section aria-label={t.savedSearches}>
      <div className={classes.heading}>
        <h2>{t.savedSearches}</h2>
        {maySave && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t.saveSearch}
            title={t.saveSearch}
            onClick={() => setIsNaming(true)}
          >
            <AddIcon />
          </ActionIcon>
        )}
      </div>
      {isNaming && (
        <div className={classes.naming}>
          <NameInput
            label={t.searchName}
            onCancel={() => setIsNaming(false)}
            onDone={(name) => {
              setIsNaming(false)
              void change({ kind: 'add', name, query: shown })
            }}
          />
        </div>
      )}
      <ul className={classes.searches}>
        {searches.map((one) => {
          const given = Object.fromEntries(new URLSearchParams(one.query ?? ''))
          const isCurrent = one.query === shown
          return (
            <li key={one.id} className={classes.search}>
              <a
                className={classes.place}
                href={`?${one.query}`}
                aria-current={isCurrent ? 'page' : undefined}
                onClick={(event) => {
                  if (isNewTab(event)) return
                  event.preventDefault()
                  onShow(given as Changes)
                }}
              >
                <span className={classes.label} title={one.name}>
                  {one.name}
                </span>
              </a>
              {mayEdit && isCurrent && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t.deleteSearch(one.name)}
                  title={t.remove}
                  onClick={() => askDelete(one)}
                >
                  <RemoveIcon />
                </ActionIcon>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
