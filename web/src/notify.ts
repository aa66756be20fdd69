import { type NotificationData, notifications, notificationsStore } from '@mantine/notifications'

/** Says something in passing. The same said again takes the place of the first, and lasts anew. */
export function notify(message: string, options: Omit<NotificationData, 'message' | 'id'> = {}) {
  const { notifications: shown, queue } = notificationsStore.getState()
  for (const { id, message: said } of [...shown, ...queue]) {
    if (said === message && id !== undefined) notifications.hide(id)
  }
  notifications.show({ ...options, message })
}
