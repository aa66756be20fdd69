import { list, type Settings } from '../base/settings.ts'
import { requireUnguessable } from '../base/unguessable.ts'
import { externalSettings } from './external/external-settings.ts'
import { cookieSettings } from './session/cookie-settings.ts'
import { checkPassword, passwordRule } from './sign-in/passwords.ts'

export const authSettings = {
  adminPassword: {
    variable: 'VITRINE_ADMIN_PASSWORD',
    fallback: undefined,
    parse: parsePassword,
    help: 'Password of the user "admin", created at the first start; generated if not set.',
    secret: true,
  },
  allowedOrigins: {
    variable: 'VITRINE_ALLOWED_ORIGINS',
    fallback: [],
    parse: list(parseOrigin),
    help: 'Other origins of the same site whose pages may call with the cookie, comma-separated.',
  },
  ...cookieSettings,
  ...externalSettings,
} satisfies Settings

function parsePassword(text: string): string | undefined {
  try {
    checkPassword(text)
  } catch (cause) {
    throw new Error(`a good password: ${passwordRule}`, { cause })
  }
  requireUnguessable(text)
  return text
}

/** Accepts only the form that browsers send in `Origin`, because the two are compared character by character. */
function parseOrigin(text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.origin !== text) {
    throw new Error('origins like https://admin.example.com or http://localhost:8080, no path')
  }
  return text
}
