import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AppError } from '../../base/errors.ts'

const TEXTS = {
  en: {
    title: 'There is nothing here.',
    text: 'The address may be mistyped, or out of date.',
    home: 'To the library',
  },
  de: {
    title: 'Hier ist nichts.',
    text: 'Vielleicht hat die Adresse einen Tippfehler, oder sie ist veraltet.',
    home: 'Zur Bibliothek',
  },
}
type Language = keyof typeof TEXTS

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

/** Whether a browser asks for a page that does not exist: programs do not ask for HTML. */
export const wantsPage = ({ code }: AppError, { method, headers, server }: FastifyRequest) =>
  code === 'not-found' &&
  (method === 'GET' || method === 'HEAD') &&
  headers.accept?.includes('text/html') === true &&
  server.hasRoute({ method: 'GET', url: '/' })

/** Answers with a page in the reader's language that links to the library. */
export function sendNotFoundPage(request: FastifyRequest, reply: FastifyReply) {
  return reply
    .code(404)
    .type('text/html; charset=utf-8')
    .headers({ 'cache-control': 'no-store', 'content-security-policy': POLICY })
    .send(pageIn(languageOf(request.headers['accept-language']), `${request.server.basePath}/`))
}

/** The first accepted language that exists here; browsers name the preferred one first. */
function languageOf(accepted = ''): Language {
  const tags = accepted.slice(0, 200).split(',')
  const wanted = tags.map((tag) => tag.trim().slice(0, 2).toLowerCase())
  return wanted.find((tag): tag is Language => Object.hasOwn(TEXTS, tag)) ?? 'en'
}

/** @param root path of the admin page */
function pageIn(language: Language, root: string): string {
  const { title, text, home } = TEXTS[language]
  return `<!doctype html>
<html lang="${language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" type="image/svg+xml" href="${root}favicon.svg" />
    <title>${title} – Vitrine</title>
    <style>
      body { display: grid; place-items: center; min-height: 100vh; margin: 0; font: 1rem/1.5 system-ui, sans-serif; }
      main { padding: 1.5rem; text-align: center; }
      h1 { font-size: 1.5rem; margin: 0 0 0.25rem; }
    </style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <p>${text}</p>
      <p><a href="${root}">${home}</a></p>
    </main>
  </body>
</html>
`
}
