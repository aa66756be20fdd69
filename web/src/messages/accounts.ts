import { accountsDe } from './accounts-de'
import { accountsEn } from './accounts-en'
import { useMessages } from './messages'

const TEXTS = { en: accountsEn, de: accountsDe }

/** The texts of accounts in the language of the page; only for what is loaded later. */
export const useAccountMessages = () => TEXTS[useMessages().language]
