import { Button, Center, Loader, Stack, Text, Title, VisuallyHidden } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useCallback, useEffect } from 'react'
import { useMessages } from '../messages/messages'
import { usePermission } from '../session/session'
import { UploadPanel } from '../upload/upload-panel'
import { useUploads } from '../upload/uploads'
import { useBulkWork } from './bulk-work'
import { Grid } from './grid'
import { ItemPanel } from './item-panel'
import classes from './library.module.css'
import { useTotal } from './queries'
import { SelectionBar, useBulkPermissions } from './selection-bar'
import { useSelectionKeys } from './selection-keys'
import { Toolbar } from './toolbar'
import { useSelection } from './use-selection'
import { useView } from './view'

export const DENSITIES = { small: 120, medium: 190, large: 300 } as const
export type Density = keyof typeof DENSITIES

/** The one screen: the tools, the grid, and what lies over it. */
export function Library() {
  const { t } = useMessages()
  const { order, search, at, open, setView } = useView()
  const [density, setDensity] = useLocalStorage<Density>({
    key: 'vitrine-density',
    defaultValue: 'medium',
    getInitialValueInEffect: false,
  })
  const { data: total, isPending, isError, refetch } = useTotal({ order, search })
  const mayAdd = usePermission('add-media')
  const uploads = useUploads()

  const selecting = useSelection({ order, search })
  const { count, restore } = selecting
  const work = useBulkWork({ onUndo: restore })
  const { mayTag, mayDelete } = useBulkPermissions()
  const maySelect = mayTag || mayDelete
  useSelectionKeys(selecting, maySelect && open === null)

  useEffect(() => {
    document.title = search ? `${search} – Vitrine` : 'Vitrine'
  }, [search])

  const remember = useCallback(
    (position: number) => setView({ at: position || null }, { history: 'replace' }),
    [setView],
  )
  const show = useCallback((position: number | null) => setView({ open: position }), [setView])

  return (
    <div className={classes.screen}>
      <div className={classes.top}>
        {/* Under the bar of the selection nothing is to be reached. */}
        <div inert={count > 0}>
          <Toolbar
            order={order}
            search={search}
            total={total}
            density={density}
            onOrder={(chosen) =>
              setView({ order: chosen, at: null, open: null }, { history: 'push' })
            }
            onSearch={(text) =>
              setView({ search: text || null, at: null, open: null }, { history: 'replace' })
            }
            onDensity={setDensity}
            onFiles={uploads.add}
          />
        </div>
        {count > 0 && <SelectionBar selecting={selecting} work={work} total={total ?? 0} />}
        <VisuallyHidden role="status">{count > 0 && t.selectedCount(count)}</VisuallyHidden>
      </div>
      <main className={classes.content}>
        {isPending ? (
          <Center h="100%">
            <Loader aria-label={t.loading} />
          </Center>
        ) : isError ? (
          <Message title={t.unreachable} action={t.tryAgain} onAction={() => refetch()} />
        ) : total === 0 ? (
          search ? (
            <Message
              title={t.noMatches(search)}
              text={t.noMatchesHint}
              action={t.clearSearch}
              onAction={() => setView({ search: null })}
            />
          ) : (
            <Message title={t.empty} {...(mayAdd && { text: t.emptyHint })} />
          )
        ) : (
          <Grid
            key={`${order} ${search}`}
            view={{ order, search }}
            total={total ?? 0}
            cellSize={DENSITIES[density]}
            initialPosition={at}
            onMove={remember}
            onOpen={show}
            selecting={selecting}
            maySelect={maySelect}
            going={work.going}
          />
        )}
      </main>
      {open !== null && (
        <ItemPanel
          view={{ order, search }}
          position={open}
          total={total ?? 0}
          onMove={(position) => setView({ open: position }, { history: 'replace' })}
          onClose={() => show(null)}
        />
      )}
      <UploadPanel uploads={uploads} />
    </div>
  )
}

interface MessageProps {
  title: string
  text?: string
  action?: string
  onAction?: () => void
}

function Message({ title, text, action, onAction }: MessageProps) {
  return (
    <Center h="100%" p="md">
      <Stack align="center" gap="xs" role="status">
        <Title order={2} size="h3" ta="center">
          {title}
        </Title>
        {text && (
          <Text c="dimmed" ta="center">
            {text}
          </Text>
        )}
        {action && <Button onClick={onAction}>{action}</Button>}
      </Stack>
    </Center>
  )
}
