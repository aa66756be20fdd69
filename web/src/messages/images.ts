import { imagesDe } from './images-de'
import { imagesEn } from './images-en'
import { useMessages } from './messages'

const TEXTS = { en: imagesEn, de: imagesDe }

/**
 * The texts of the tools for one image in the language of the page. Only code that is loaded later may import this
 * file: it brings all these texts along.
 */
export const useImageMessages = () => TEXTS[useMessages().language]
