import { Anchor, Button, Group, Loader, Text, VisuallyHidden } from '@mantine/core'
import { ApiError } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { Message } from '../media/message'
import { UNFILTERED, useView, type View } from '../media/view'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { useScreen } from '../screen'
import { ScreenHeader } from '../screen-header'
import { useSession } from '../session/session'
import { WaitingScreen } from '../waiting'
import classes from './alt-desk.module.css'
import { AltForm } from './alt-form'
import { AltPicture } from './alt-picture'
import { useAltQueue } from './use-alt-queue'

interface AltDeskProps {
  onOpen: (id: number) => void
}

/** Writes alternative texts for the images without one: one after the other, and by keyboard alone. */
export function AltDesk({ onOpen }: AltDeskProps) {
  const { order, search, filters } = useView()
  const { data: user } = useSession()
  // While nobody is signed in, the desk stays with its texts behind the form.
  const view = withoutAlt({ order, search, filters })
  return (
    <Desk
      key={`${order} ${search} ${filters}`}
      view={view}
      isNarrowed={search !== '' || filters !== ''}
      username={user?.username ?? ''}
      onOpen={onOpen}
    />
  )
}

/** The images of a view that have no alternative text. The trash is left out: nothing is changed there. */
function withoutAlt({ filters, ...view }: View): View {
  const narrowed = new URLSearchParams(filters)
  narrowed.delete('in')
  const lacks = new Set(narrowed.get('lacks')?.split(',').filter(Boolean))
  narrowed.set('lacks', [...lacks.add('alt')].join(','))
  return { ...view, filters: narrowed.toString() }
}

interface DeskProps extends AltDeskProps {
  view: View
  isNarrowed: boolean
  username: string
}

function Desk({ view, isNarrowed, username, onOpen }: DeskProps) {
  const { t } = useMessages()
  const d = useDeskMessages()
  const { goTo } = useScreen()
  const { setView } = useView()
  const queue = useAltQueue(view, username, {
    onGone: ({ name }, text) =>
      notify(d.goneWithText(name, text), { color: 'red', autoClose: false }),
  })
  const { item, ahead, total, error, isEnd, done, left, skipped, saving, waiting, asking } = queue
  return (
    <>
      <ScreenHeader
        screen="alt"
        progress={total === undefined ? undefined : d.progress(done, done + left, left)}
      >
        {total !== undefined && done + left > 0 && (
          <div className={classes.bar} aria-hidden>
            <div style={{ width: `${(100 * done) / (done + left)}%` }} />
          </div>
        )}
        <Group gap="xs" role="status" className={classes.state}>
          {waiting > 0 ? (
            <>
              <Text size="sm" c="red">
                {d.notSaved(waiting)}
              </Text>
              <Button size="compact-xs" variant="default" onClick={queue.sendAgain}>
                {t.tryAgain}
              </Button>
            </>
          ) : asking > 0 ? (
            <Text size="sm">{d.asking(asking)}</Text>
          ) : saving > 0 ? (
            <Text size="sm" c="dimmed" className={classes.late}>
              {d.saving(saving)}
            </Text>
          ) : (
            done > 0 && (
              <Text size="sm" c="dimmed">
                {d.allSaved}
              </Text>
            )
          )}
        </Group>
        {isNarrowed && (
          <Group className={classes.narrowed} gap="xs">
            <Text size="sm">{d.narrowed}</Text>
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() =>
                setView({ ...UNFILTERED, search: null, in: null }, { history: 'push' })
              }
            >
              {d.showAll}
            </Anchor>
          </Group>
        )}
      </ScreenHeader>
      <main className={classes.main}>
        {item ? (
          <>
            <VisuallyHidden role="status">{d.nowShown(item.name)}</VisuallyHidden>
            <AltPicture key={item.id} item={item} ahead={ahead} />
            <AltForm
              key={`form ${item.id}`}
              item={item}
              next={ahead[0]}
              text={queue.text}
              isDecorative={queue.isDecorative}
              trouble={queue.trouble}
              canGoBack={queue.canGoBack}
              onType={queue.type}
              onSave={queue.save}
              onKeepTheirs={queue.keepTheirs}
              onSkip={queue.skip}
              onBack={queue.back}
              onOpen={() => onOpen(item.id)}
            />
          </>
        ) : error !== null && error !== undefined && !isEnd ? (
          <Message
            title={t.notListed}
            text={explainRefusal(error, t) ?? t.sessionOver}
            {...(error instanceof ApiError && error.status < 500
              ? { action: t.backToLibrary, onAction: () => goTo(null) }
              : { action: t.tryAgain, onAction: queue.retry })}
          />
        ) : !isEnd ? (
          <WaitingScreen onRetry={queue.retry} />
        ) : skipped > 0 ? (
          <Message title={d.onlySkipped(skipped)} action={d.showSkipped} onAction={queue.unskip} />
        ) : (
          <Message
            title={isNarrowed ? d.finishedNarrowed : d.finished}
            action={d.lookAgain}
            onAction={queue.lookAgain}
          />
        )}
        {item && error !== null && error !== undefined && ahead.length === 0 && !isEnd && (
          <Loader size="xs" className={classes.more} aria-label={t.loading} role="status" />
        )}
      </main>
    </>
  )
}
