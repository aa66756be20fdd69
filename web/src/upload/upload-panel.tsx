import { Suspense, useEffect } from 'react'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { collectFiles } from './collect-files'
import { fileOfLink, findLinks } from './find-links'
import { nameCopies } from './name-copies'
import classes from './upload.module.css'
import { type Uploads, useUploadIds } from './uploads'
import { useFileDrop } from './use-file-drop'
import { useUploadService } from './use-upload-service'

// Loaded later, since most visits upload nothing.
const { Component: QueuePanel, load: loadPanel } = loadLater(() => import('./queue-panel'))

/** Accepts files that are dropped anywhere on the page, and shows the upload queue. */
export function UploadPanel({ uploads }: { uploads: Uploads }) {
  const hasUploads = useUploadIds(uploads).length > 0
  const { refusal } = useUploadService()
  const isOffered = refusal === undefined
  // Loaded in advance: the user may add files while offline.
  useEffect(() => {
    if (isOffered) void loadPanel()
  }, [isOffered])
  return (
    <>
      <FileDrop uploads={uploads} />
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
  const { refusal } = useUploadService()
  const take = async (data: DataTransfer, isPaste: boolean) => {
    if (refusal) {
      notify(refusal)
      return
    }
    const { files, folders, leftOut } = await collectFiles(data)
    if (isPaste) uploads.add(nameCopies(files, t.pasted, language))
    else uploads.add(files, (file) => folders.get(file) ?? [])
    if (leftOut > 0) notify(t.leftOut(leftOut))
    else if (files.length === 0) notify(t.emptyFolder)
    else if (isDialogOpen()) notify(t.listed(files.length))
  }
  const takeText = (text: string) => {
    const links = new Map(findLinks(text).map((link) => [fileOfLink(link), link.href]))
    if (links.size === 0) return
    if (refusal) {
      notify(refusal)
      return
    }
    uploads.add([...links.keys()], undefined, (file) => links.get(file))
    if (isDialogOpen()) notify(t.listed(links.size))
  }
  const isOver = useFileDrop(take, takeText)
  return (
    isOver && (
      <div className={classes.drop} data-refused={refusal !== undefined || undefined}>
        <span>{refusal ?? t.dropHere}</span>
      </div>
    )
  )
}

/** A dialog covers the upload queue, so a notification must report the added files. */
const isDialogOpen = () => document.querySelector('[aria-modal=true]') !== null
