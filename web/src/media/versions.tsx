import { Button, Loader, Text } from '@mantine/core'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { useFileService } from '../session/session'
import { formatBytes } from './format-bytes'
import { explainRefusal } from './item-edit'
import type { KnownItem } from './item-query'
import { useRestore, useVersions } from './use-versions'
import classes from './versions.module.css'

interface VersionsProps {
  item: KnownItem
  mayRestore: boolean
  /** Runs an action that would lose unsaved changes, after a question if there are any. */
  leave: (act: () => void) => void
}

/** The versions of the file, the present one first, each of the others with a button that restores it. */
export function Versions({ item, mayRestore, leave }: VersionsProps) {
  const { t, locale } = useMessages()
  const m = useToolMessages()
  const { data: versions, error } = useVersions(item.id)
  const isServed = useFileService() === true
  const { mutate: restore, isPending, variables } = useRestore(item)
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  if (!versions) {
    return error ? (
      <Text size="sm" c="red" role="alert">
        {explainRefusal(error, t)}
      </Text>
    ) : (
      <Loader size="sm" aria-label={t.loading} />
    )
  }
  return (
    <ul className={classes.list} aria-label={m.versions}>
      {versions.map(({ version, type, size, width, height, timestamp, by, urls }, index) => (
        <li key={version} className={classes.version}>
          <img src={urls.scaled} alt="" width={56} height={56} draggable={false} />
          <div className={classes.facts}>
            <Text size="sm" fw={500}>
              {m.version(version)}
              {index === 0 && ` · ${m.present}`}
            </Text>
            <Text size="xs" c="dimmed">
              {time.format(new Date(timestamp))}
              {by !== null && ` · ${by}`}
            </Text>
            <Text size="xs" c="dimmed">
              {`${width} × ${height} · ${type.replace('image/', '').toUpperCase()} · ${formatBytes(size, locale)}`}
            </Text>
          </div>
          {index > 0 && mayRestore && isServed && (
            <Button
              variant="default"
              size="compact-xs"
              fw={500}
              aria-label={m.restoreVersion(version)}
              loading={isPending && variables === version}
              disabled={isPending}
              onClick={() => leave(() => restore(version))}
            >
              {t.restore}
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}
