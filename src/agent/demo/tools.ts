/** The tools of the demo agent, under the names that the demo model calls them by. */
import { calculateTool } from '../tools/calculate.ts'
import { createFetchTool } from '../tools/fetch.ts'
import { createFileTools } from '../tools/files.ts'
import { waitTool } from '../tools/wait.ts'

export type DemoToolsOptions = {
  /** The one folder that file tools see. */
  root: string
  /** Absolute paths inside it that they do not see: the data folder. */
  exclude?: readonly string[]
  /** Hosts that may be fetched although their address is not public. */
  allowHosts?: readonly string[]
}

export const createDemoTools = ({ root, exclude = [], allowHosts = [] }: DemoToolsOptions) => ({
  ...createFileTools({ root, exclude }),
  fetchUrl: createFetchTool({ allowHosts }),
  wait: waitTool,
  calculate: calculateTool,
})
