/** Whether a key is meant for what is in a dialog, and not for a field of it or for what lies over it. */
export function isForDialog(event: KeyboardEvent, dialog: HTMLElement | null): boolean {
  const { target, isComposing, altKey, ctrlKey, metaKey } = event
  if (isComposing || altKey || ctrlKey || metaKey || !(target instanceof Element)) return false
  if (target.closest('input, textarea, select, [contenteditable], [role=menu], [role=listbox]')) {
    return false
  }
  return !isElsewhere(target, dialog)
}

/** Whether something is in another dialog: a question, or the form to sign in again. */
export function isElsewhere(target: Element, dialog: HTMLElement | null): boolean {
  const other = target.closest('[role=dialog]')
  if (other !== null) return other !== dialog
  // What had the focus in it may have gone just now.
  return document.querySelectorAll('[aria-modal="true"]').length > 1
}
