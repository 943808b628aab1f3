/** The texts of the page, by language. A translation is a folder beside `en` with the same keys. */
import { createInstance } from 'i18next'
import { en } from './en/en.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
    /** A key that does not exist is an error of the compiler. */
    strictKeyChecks: true
  }
}

export const strings = createInstance()

void strings.init({
  lng: 'en',
  resources: { en: { translation: en } },
  // React writes text as text.
  interpolation: { escapeValue: false },
})
