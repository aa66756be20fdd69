import { parseAsStringLiteral, useQueryState } from 'nuqs'

/** The views that take the place of the library. */
export const SCREENS = ['alt', 'duplicates'] as const
export type Screen = (typeof SCREENS)[number]

/** The view that the address names; null for the library itself. */
export function useScreen() {
  const [screen, set] = useQueryState('view', parseAsStringLiteral(SCREENS))
  return { screen, goTo: (next: Screen | null) => void set(next, { history: 'push' }) }
}
