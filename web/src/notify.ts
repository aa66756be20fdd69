import { type NotificationData, notifications, notificationsStore } from '@mantine/notifications'

/** Shows a notification. It replaces a visible one with the same message, and its time starts again. */
export function notify(message: string, options: Omit<NotificationData, 'message' | 'id'> = {}) {
  const { notifications: shown, queue } = notificationsStore.getState()
  for (const { id, message: said } of [...shown, ...queue]) {
    if (said === message && id !== undefined) notifications.hide(id)
  }
  notifications.show({ ...options, message })
}
