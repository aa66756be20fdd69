import { notifications } from '@mantine/notifications'
import { lazy, Suspense } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission } from '../session/session'
import type { Collected } from './collect-files'
import { nameCopies } from './name-copies'
import classes from './upload.module.css'
import { type Uploads, useUploadIds } from './uploads'
import { useFileDrop } from './use-file-drop'

// Most visits upload nothing.
const QueuePanel = lazy(() => import('./queue-panel'))

/** Takes what is dropped anywhere on the page, and shows what becomes of it. */
export function UploadPanel({ uploads }: { uploads: Uploads }) {
  const mayAdd = usePermission('add-media')
  const isServed = useFileService()
  const hasUploads = useUploadIds(uploads).length > 0
  return (
    <>
      {mayAdd && isServed && <FileDrop uploads={uploads} />}
      {hasUploads && (
        <Suspense>
          <QueuePanel uploads={uploads} />
        </Suspense>
      )}
    </>
  )
}

function FileDrop({ uploads }: { uploads: Uploads }) {
  const { t, language } = useMessages()
  const take = ({ files, leftOut }: Collected, isPaste: boolean) => {
    uploads.add(isPaste ? nameCopies(files, t.pasted, language) : files)
    if (leftOut > 0) notifications.show({ message: t.leftOut(leftOut) })
  }
  const isOver = useFileDrop(take)
  return isOver && <div className={classes.drop}>{t.dropHere}</div>
}
