import { deskDe } from './desk-de'
import { deskEn } from './desk-en'
import { useMessages } from './messages'

const TEXTS = { en: deskEn, de: deskDe }

/**
 * The texts of the alt-text desk and of the duplicates in the language of the page. Only code that is loaded later may
 * import this file: it brings all these texts along.
 */
export const useDeskMessages = () => TEXTS[useMessages().language]
