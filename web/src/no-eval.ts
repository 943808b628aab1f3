/**
 * Keeps Zod, with which the AI SDK parses chunks, from trying whether it may compile code: the page's security policy
 * forbids it. Zod tries when a schema is made, so this comes before every other import.
 */
import { config } from 'zod'

config({ jitless: true })
