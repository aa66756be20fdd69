import { integer, type Settings } from '../base/settings.ts'

export const auditSettings = {
  auditDays: {
    variable: 'VITRINE_AUDIT_DAYS',
    fallback: 365,
    parse: integer(1, 36_500),
    help: 'How many days the audit trail is kept.',
  },
} satisfies Settings
