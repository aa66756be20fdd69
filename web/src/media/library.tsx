import { Drawer, VisuallyHidden } from '@mantine/core'
import { useLocalStorage, useMediaQuery } from '@mantine/hooks'
import { Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { Manage } from '../admin/manage'
import { ApiError } from '../api/client'
import { Nav } from '../frame/nav'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import { useScreen } from '../screen'
import { Screens } from '../screens'
import { useSession, useTrash } from '../session/session'
import { UPLOAD_BUTTON_ID } from '../upload/upload-button'
import { UploadPanel } from '../upload/upload-panel'
import { useUploads } from '../upload/uploads'
import { useUploadService } from '../upload/use-upload-service'
import { WaitingScreen } from '../waiting'
import { askDelete } from './ask-delete'
import { useBulkWork } from './bulk-work'
import { Grid } from './grid'
import { explainRefusal } from './item-edit'
import classes from './library.module.css'
import { Message } from './message'
import { useRetry, useTotal } from './queries'
import { isSelected, type NamedItem, only } from './selection'
import { SelectionBar, useBulkPermissions } from './selection-bar'
import { useSelectionKeys } from './selection-keys'
import { useGlobalKey } from './shortcuts'
import { Toolbar } from './toolbar'
import { useSelection } from './use-selection'
import { useShownItem } from './use-shown-item'
import { isTrash, listFilters, UNFILTERED, useView, WHOLE } from './view'
import { ViewBar } from './view-bar'
import { DENSITIES, type Density } from './view-tools'

const { Component: ShortcutSheet, load: loadSheet } = loadLater(async () => ({
  default: (await import('./shortcut-sheet')).ShortcutSheet,
}))

const { Component: ItemPanel, load: loadPanel } = loadLater(async () => ({
  default: (await import('./item-panel')).ItemPanel,
}))

/** The main screen: the tools, the grid, and the dialogs over it. */
export function Library() {
  const { t } = useMessages()
  const { order, search, filters, at, setView } = useView()
  const { screen } = useScreen()
  const view = { order, search, filters }
  const inTrash = isTrash(view)
  const isFiltered = listFilters(filters).length > 0
  const { shown, show, leave, isChanged, setIsChanged } = useShownItem()
  const latestShown = useRef(shown)
  latestShown.current = shown
  const [shownAt, setShownAt] = useState<number>()
  const [density, setDensity] = useLocalStorage<Density>({
    key: 'vitrine-density',
    defaultValue: 'medium',
    getInitialValueInEffect: false,
  })
  const { total, error } = useTotal(view)
  const retry = useRetry()
  const { mayAdd, isServed } = useUploadService()
  const uploads = useUploads()

  const selecting = useSelection(view)
  const { count } = selecting
  const work = useBulkWork()
  const { mayTag, mayDelete, mayRestore, toTrash } = useBulkPermissions(inTrash)
  const hasTrash = useTrash() === true
  const maySelect = mayTag || mayDelete || mayRestore
  useSelectionKeys(selecting, maySelect && shown === null && screen === null)

  const isWide = useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false })
  const [isNavKept, setIsNavKept] = useLocalStorage({
    key: 'vitrine-navigation',
    defaultValue: true,
    getInitialValueInEffect: false,
  })
  const [isDrawerOpen, setIsDrawerOpen] = useState(false)
  const { data: user } = useSession()
  const [isSheetOpen, setIsSheetOpen] = useState(false)
  // Loaded in advance, so that an image opens at once, and both while offline.
  useEffect(() => {
    void loadPanel()
    void loadSheet()
  }, [])
  useGlobalKey('?', () => setIsSheetOpen(Boolean(user) && !isSheetOpen))

  useEffect(() => {
    const title = screen ? t.screens[screen] : search || (inTrash ? t.trash : '')
    document.title = title ? `${title} – Vitrine` : 'Vitrine'
  }, [screen, search, inTrash, t])

  const remember = useCallback(
    (position: number) => setView({ at: position || null }, { history: 'replace' }),
    [setView],
  )
  const openItem = useCallback(
    (id: number) => void setView({ open: id }, { history: 'push' }),
    [setView],
  )

  /** The search whose first match gets the focus as soon as it is rendered. */
  const awaited = useRef<string | null>(null)
  const latestWork = useRef(work)
  latestWork.current = work
  const deleteFromGrid = useCallback(
    ({ id, name }: NamedItem) => {
      const one = only({ id, name })
      if (toTrash) void latestWork.current.trash(one, () => {})
      else
        askDelete({
          t,
          count: 1,
          name,
          onConfirm: () => latestWork.current.remove(one, () => {}),
        })
    },
    [t, toTrash],
  )

  return (
    <div className={classes.frame}>
      {isWide ? (
        isNavKept && <Nav view={view} />
      ) : (
        <Drawer.Root opened={isDrawerOpen} onClose={() => setIsDrawerOpen(false)} size={288}>
          <Drawer.Overlay />
          <Drawer.Content aria-label={t.navigation}>
            <Drawer.Body p={0} className={classes.drawer}>
              <Nav view={view} onChoose={() => setIsDrawerOpen(false)} />
            </Drawer.Body>
          </Drawer.Content>
        </Drawer.Root>
      )}
      <div className={classes.screen}>
        <header className={classes.top} hidden={screen !== null}>
          {/* Outside of the toolbar, so that the selection bar does not hide the heading. */}
          <VisuallyHidden component="h1">Vitrine</VisuallyHidden>
          <Toolbar
            view={view}
            total={total}
            density={density}
            onOrder={(chosen) =>
              setView({ order: chosen, at: null, open: null }, { history: 'push' })
            }
            onSearch={(text, isNew) =>
              setView(
                { search: text || null, at: null, open: null },
                { history: isNew ? 'push' : 'replace' },
              )
            }
            onAwait={(text) => {
              awaited.current = text
            }}
            onDensity={setDensity}
            onFiles={(files) => uploads.add(files)}
            onShortcuts={() => setIsSheetOpen(true)}
            isNavOpen={isWide ? isNavKept : isDrawerOpen}
            onNav={() => (isWide ? setIsNavKept(!isNavKept) : setIsDrawerOpen(true))}
            selectionBar={
              count > 0 && (
                <SelectionBar
                  selecting={selecting}
                  work={work}
                  inTrash={inTrash}
                  total={total ?? 0}
                />
              )
            }
          />
          <ViewBar filters={filters} />
          <VisuallyHidden role="status">{count > 0 && t.selectedCount(count)}</VisuallyHidden>
        </header>
        <main className={classes.content} hidden={screen !== null}>
          {screen !== null ? null : total === undefined ? (
            error ? (
              <Message
                title={t.notListed}
                text={explainRefusal(error, t) ?? t.sessionOver}
                // What an address asks for may be wrong, or not allowed.
                {...(error instanceof ApiError && error.status < 500
                  ? {
                      action: t.backToLibrary,
                      onAction: () => void setView(WHOLE, { history: 'push' }),
                    }
                  : { action: t.tryAgain, onAction: retry })}
              />
            ) : (
              <WaitingScreen onRetry={retry} />
            )
          ) : total === 0 ? (
            search ? (
              <Message
                title={t.noMatches(search)}
                text={isFiltered ? t.noMatchesFiltered : t.noMatchesHint}
                action={t.clearSearch}
                onAction={() => setView({ search: null, at: null }, { history: 'push' })}
              />
            ) : isFiltered ? (
              <Message
                title={t.noneFiltered}
                action={t.clearFilters}
                onAction={() => setView(UNFILTERED, { history: 'push' })}
              />
            ) : inTrash ? (
              <Message title={t.trashEmpty} />
            ) : mayAdd && isServed ? (
              <Message
                title={t.empty}
                text={t.emptyHint}
                action={t.chooseFiles}
                onAction={() => document.getElementById(UPLOAD_BUTTON_ID)?.click()}
              />
            ) : (
              <Message title={t.empty} />
            )
          ) : (
            <Grid
              key={`${order} ${search} ${filters}`}
              view={view}
              total={total}
              cellSize={DENSITIES[density]}
              initialPosition={at}
              onMove={remember}
              onOpen={openItem}
              onDelete={mayDelete ? deleteFromGrid : undefined}
              awaited={awaited}
              openPosition={shown === null ? undefined : shownAt}
              selecting={selecting}
              maySelect={maySelect}
              going={work.going}
            />
          )}
        </main>
        {screen !== null && <Screens screen={screen} onOpen={openItem} />}
      </div>
      {shown !== null && (
        <Suspense>
          <ItemPanel
            view={view}
            id={shown}
            isGoing={(id) => work.going.some((gone) => isSelected(gone, id))}
            isChanged={isChanged}
            onChange={setIsChanged}
            onPlace={setShownAt}
            onShow={(id) => show(id, 'replace')}
            onClose={() => show(null, 'push')}
            leave={leave}
            onDelete={(item, after, isInTrash) => {
              const onUndo = () => {
                if (latestShown.current !== null) show(item.id, 'replace')
              }
              if (hasTrash && !isInTrash) void work.trash(only(item), onUndo)
              else work.remove(only(item), onUndo)
              show(after?.id ?? null, 'replace')
            }}
            onRestore={(item, after) => {
              void work.restore(only(item))
              if (inTrash) show(after?.id ?? null, 'replace')
            }}
          />
        </Suspense>
      )}
      <UploadPanel uploads={uploads} />
      <Manage onItem={openItem} />
      {isSheetOpen && (
        <Suspense>
          <ShortcutSheet
            onClose={() => setIsSheetOpen(false)}
            maySelect={maySelect}
            mayDelete={mayDelete}
            mayEdit={mayTag}
          />
        </Suspense>
      )}
    </div>
  )
}
