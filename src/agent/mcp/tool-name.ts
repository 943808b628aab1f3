/** Names of MCP tools as models know them: `<server>_<tool>`, of letters that every provider takes, and never two the same. */
import { createHash } from 'node:crypto'

/** Providers take 64 characters. */
const MOST = 64

/** A function of both names alone, so that each process finds the same one. */
export const modelToolName = (server: string, tool: string): string => {
  const name = `${server}_${tool}`
  if (tool !== '' && name.length <= MOST && /^[A-Za-z0-9_-]+$/.test(tool)) return name
  const mark = createHash('sha256').update(tool).digest('hex').slice(0, 8)
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MOST - mark.length - 1)
  return `${plain}_${mark}`
}

/** The server of a tool with such a name; servers have no underscore. */
export const serverOfTool = (name: string): string => name.slice(0, Math.max(0, name.indexOf('_')))
