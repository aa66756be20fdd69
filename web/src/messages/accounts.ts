import { accountsDe } from './accounts-de'
import { accountsEn } from './accounts-en'
import { useMessages } from './messages'

const TEXTS = { en: accountsEn, de: accountsDe }

/**
 * The texts of the account screens in the language of the page. Only code that is loaded later may
 * import this file: it brings all these texts along.
 */
export const useAccountMessages = () => TEXTS[useMessages().language]
