import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { de } from './de'
import { en, type Messages } from './en'

export const LANGUAGES = { en, de }
export type Language = keyof typeof LANGUAGES

const STORED = 'vitrine-language'

const isLanguage = (text: string | undefined | null): text is Language =>
  text === 'en' || text === 'de'

/** The language chosen earlier in this browser, else the first browser language that the page has. */
function detectLanguage(): Language {
  const chosen = localStorage.getItem(STORED)
  if (isLanguage(chosen)) return chosen
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en'
}

interface MessagesContext {
  language: Language
  /** The language with the browser's region, for example `en-GB`, for dates and numbers. */
  locale: string
  t: Messages
  choose: (language: Language) => void
}

const Context = createContext<MessagesContext>({
  language: 'en',
  locale: 'en',
  t: en,
  choose: () => {},
})

export function MessagesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(detectLanguage)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  const choose = (chosen: Language) => {
    localStorage.setItem(STORED, chosen)
    setLanguage(chosen)
  }
  const locale = navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language
  return <Context value={{ language, locale, t: LANGUAGES[language], choose }}>{children}</Context>
}

/** The texts in the language of the page, and a function that changes the language. */
export const useMessages = () => use(Context)
