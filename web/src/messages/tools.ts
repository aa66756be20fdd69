import { useMessages } from './messages'
import { toolsDe } from './tools-de'
import { toolsEn } from './tools-en'

const TEXTS = { en: toolsEn, de: toolsDe }

/**
 * The texts of tools in the language of the page. Only code that is loaded later may import this
 * file: it brings all these texts along.
 */
export const useToolMessages = () => TEXTS[useMessages().language]
