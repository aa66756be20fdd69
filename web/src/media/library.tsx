import { VisuallyHidden } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { Manage } from '../admin/manage'
import { ApiError } from '../api/client'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import { useSession } from '../session/session'
import { UPLOAD_BUTTON_ID } from '../upload/upload-button'
import { UploadPanel } from '../upload/upload-panel'
import { useUploads } from '../upload/uploads'
import { useUploadService } from '../upload/use-upload-service'
import { WaitingScreen } from '../waiting'
import { askDelete } from './ask-delete'
import { useBulkWork } from './bulk-work'
import { Grid } from './grid'
import { ItemPanel } from './item-panel'
import classes from './library.module.css'
import { Message } from './message'
import { useRetry, useTotal } from './queries'
import { isSelected, type NamedItem } from './selection'
import { SelectionBar, useBulkPermissions } from './selection-bar'
import { useSelectionKeys } from './selection-keys'
import { useGlobalKey } from './shortcuts'
import { Toolbar } from './toolbar'
import { useSelection } from './use-selection'
import { useShownItem } from './use-shown-item'
import { useView } from './view'
import { DENSITIES, type Density } from './view-tools'

const { Component: ShortcutSheet, load: loadSheet } = loadLater(async () => ({
  default: (await import('./shortcut-sheet')).ShortcutSheet,
}))

/** The main screen: the tools, the grid, and the dialogs over it. */
export function Library() {
  const { t } = useMessages()
  const { order, search, at, setView } = useView()
  const { shown, show, leave, isChanged, setIsChanged } = useShownItem()
  const latestShown = useRef(shown)
  latestShown.current = shown
  const [shownAt, setShownAt] = useState<number>()
  const [density, setDensity] = useLocalStorage<Density>({
    key: 'vitrine-density',
    defaultValue: 'medium',
    getInitialValueInEffect: false,
  })
  const { total, error } = useTotal({ order, search })
  const retry = useRetry()
  const { mayAdd, isServed } = useUploadService()
  const uploads = useUploads()

  const selecting = useSelection({ order, search })
  const { count } = selecting
  const work = useBulkWork()
  const { mayTag, mayDelete } = useBulkPermissions()
  const maySelect = mayTag || mayDelete
  useSelectionKeys(selecting, maySelect && shown === null)

  const { data: user } = useSession()
  const [isSheetOpen, setIsSheetOpen] = useState(false)
  // Loaded in advance: the user may open it while offline.
  useEffect(() => void loadSheet(), [])
  useGlobalKey('?', () => setIsSheetOpen(Boolean(user) && !isSheetOpen))

  useEffect(() => {
    document.title = search ? `${search} – Vitrine` : 'Vitrine'
  }, [search])

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
  const remove = useRef(work.remove)
  remove.current = work.remove
  const deleteFromGrid = useCallback(
    ({ id, name }: NamedItem) =>
      askDelete({
        t,
        count: 1,
        name,
        onConfirm: () => remove.current({ kind: 'some', names: new Map([[id, name]]) }, () => {}),
      }),
    [t],
  )

  return (
    <div className={classes.screen}>
      <header className={classes.top}>
        {/* Outside of the toolbar, so that the selection bar does not hide the heading. */}
        <VisuallyHidden component="h1">Vitrine</VisuallyHidden>
        <Toolbar
          order={order}
          search={search}
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
          selectionBar={
            count > 0 && <SelectionBar selecting={selecting} work={work} total={total ?? 0} />
          }
        />
        <VisuallyHidden role="status">{count > 0 && t.selectedCount(count)}</VisuallyHidden>
      </header>
      <main className={classes.content}>
        {total === undefined ? (
          error ? (
            <Message
              title={t.notListed}
              text={error instanceof ApiError ? t.serverFault : t.unreachable}
              action={t.tryAgain}
              onAction={retry}
            />
          ) : (
            <WaitingScreen onRetry={retry} />
          )
        ) : total === 0 ? (
          search ? (
            <Message
              title={t.noMatches(search)}
              text={t.noMatchesHint}
              action={t.clearSearch}
              onAction={() => setView({ search: null, at: null }, { history: 'push' })}
            />
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
            key={`${order} ${search}`}
            view={{ order, search }}
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
      {shown !== null && (
        <ItemPanel
          view={{ order, search }}
          id={shown}
          isGoing={(id) => work.going.some((gone) => isSelected(gone, id))}
          isChanged={isChanged}
          onChange={setIsChanged}
          onPlace={setShownAt}
          onShow={(id) => show(id, 'replace')}
          onClose={() => show(null, 'push')}
          leave={leave}
          onDelete={(item, after) => {
            work.remove({ kind: 'some', names: new Map([[item.id, item.name]]) }, () => {
              if (latestShown.current !== null) show(item.id, 'replace')
            })
            show(after?.id ?? null, 'replace')
          }}
        />
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
