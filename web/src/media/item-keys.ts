/** Whether a key is meant for the dialog itself, not for a field in it or for a dialog above it. */
export function isForDialog(event: KeyboardEvent, dialog: HTMLElement | null): boolean {
  const { target, isComposing, altKey, ctrlKey, metaKey } = event
  if (isComposing || altKey || ctrlKey || metaKey || !(target instanceof Element)) return false
  if (
    target.closest(
      'input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=slider]',
    )
  ) {
    return false
  }
  return !isElsewhere(target, dialog)
}

/** Whether an element is in another dialog, for example a question or the sign-in form. */
export function isElsewhere(target: Element, dialog: HTMLElement | null): boolean {
  const other = target.closest('[role=dialog]')
  if (other !== null) return other !== dialog
  // The focused element of the upper dialog may have just disappeared.
  return document.querySelectorAll('[aria-modal="true"]').length > 1
}
