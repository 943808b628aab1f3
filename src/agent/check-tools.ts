/** Checks of an agent's tools; each refuses with a sentence that says what to change. */
type Refuse = (reason: string) => never

export const checkTools = (tools: unknown, refuse: Refuse): void => {
  if (tools === undefined) return
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools)) {
    refuse('tools is an object of tools by name: tools: { findOrder: tool({ ... }) }.')
  }
  for (const [name, tool] of Object.entries(tools as object) as [string, unknown][]) {
    const problem = problemOf(tool)
    if (problem) refuse(`the tool "${name}" ${problem}`)
  }
}

/** Why a tool cannot be part of a run that outlives its process. */
const problemOf = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) {
    return 'is no tool. Make it with tool({ ... }) of the AI SDK.'
  }
  const tool = value as Record<string, unknown>
  const isProviderTool = tool['type'] === 'provider'
  if (!isProviderTool && tool['inputSchema'] === undefined) {
    return 'has no inputSchema. Give it one, z.object({}) when it takes nothing.'
  }
  if (tool['execute'] !== undefined && typeof tool['execute'] !== 'function') {
    return 'has an execute that is not a function.'
  }
  return settingProblemOf(tool)
}

const STREAMING = ['onInputStart', 'onInputDelta', 'onInputAvailable']

const settingProblemOf = (tool: Record<string, unknown>): string | undefined => {
  if (!['undefined', 'boolean', 'function'].includes(typeof tool['needsApproval'])) {
    return 'has a needsApproval that is neither true, nor false, nor a function.'
  }
  if (tool['needsApproval'] && tool['isProviderExecuted'] === true) {
    return 'is executed by its provider, which does not wait: remove needsApproval.'
  }
  const callback = STREAMING.find((name) => tool[name] !== undefined)
  if (callback) {
    return `has ${callback}, which would see input of attempts that are thrown away. Do the work in execute.`
  }
  if (tool['deferLoading']) {
    return 'has deferLoading: searching for tools is not supported. Remove it, or use activeTools.'
  }
  if (tool['idempotent'] !== undefined && typeof tool['idempotent'] !== 'boolean') {
    return 'has an idempotent that is neither true nor false.'
  }
  if (tool['onInterrupted'] !== undefined && typeof tool['onInterrupted'] !== 'function') {
    return 'has an onInterrupted that is no function.'
  }
  return undefined
}

const STATUSES = ['not-applicable', 'approved', 'denied', 'user-approval']

/** `toolApproval` is a function, or says something about tools that there are. */
export const checkApproval = (
  { tools = {}, toolApproval, mcp }: Pick<Named, 'tools' | 'mcp'> & { toolApproval?: unknown },
  refuse: Refuse,
): void => {
  if (toolApproval === undefined || typeof toolApproval === 'function') return
  if (typeof toolApproval !== 'object' || toolApproval === null || Array.isArray(toolApproval))
    return refuse('toolApproval is a function, or an object with a status or a function per tool.')
  const known = Object.keys(tools)
  for (const [name, value] of Object.entries(toolApproval) as [string, unknown][]) {
    if (!known.includes(name) && !mcp?.owns(name))
      refuse(`toolApproval names "${name}", which is no tool. ${listed(known)}`)
    const status =
      typeof value === 'object' && value !== null && 'type' in value ? value.type : value
    const holds =
      value === undefined || typeof value === 'function' || STATUSES.includes(status as string)
    if (!holds)
      refuse(
        `toolApproval.${name} is a function, or one of ${STATUSES.map((one) => `"${one}"`).join(', ')}.`,
      )
  }
}

type Named = {
  readonly tools?: object | undefined
  readonly activeTools?: unknown
  readonly toolOrder?: unknown
  readonly toolChoice?: unknown
  /** Servers that may have a tool when the run comes to it. */
  readonly mcp?: { owns(toolName: string): boolean } | undefined
}

/** Every name that an option mentions is the name of a tool. */
export const checkToolNames = (options: Named, refuse: Refuse): void => {
  const { tools = {}, activeTools, toolOrder, mcp } = options
  const known = Object.keys(tools)
  const taken = known.find((name) => mcp?.owns(name))
  if (taken !== undefined) {
    refuse(`the name of the tool "${taken}" is for a tool of an MCP server. Rename one of them.`)
  }
  for (const [option, names] of Object.entries({ activeTools, toolOrder })) {
    if (names === undefined) continue
    if (!Array.isArray(names)) refuse(`${option} is an array of names of tools.`)
    const unknown = (names as string[]).find((name) => !known.includes(name) && !mcp?.owns(name))
    if (unknown !== undefined) {
      refuse(`${option} names "${unknown}", which is no tool. ${listed(known)}`)
    }
  }
  checkToolChoice(options, (activeTools as readonly string[] | undefined) ?? known, refuse)
}

const checkToolChoice = (
  { toolChoice: choice, activeTools, mcp }: Named,
  active: readonly string[],
  refuse: Refuse,
): void => {
  if (choice === undefined || choice === 'auto' || choice === 'none') return
  if (choice === 'required') {
    if (active.length === 0 && !mcp) refuse('toolChoice is "required", but there are no tools.')
    return
  }
  const { type, toolName } = (choice ?? {}) as { type?: unknown; toolName?: unknown }
  if (type !== 'tool' || typeof toolName !== 'string') {
    refuse('toolChoice is "auto", "none", "required" or { type: "tool", toolName }.')
  }
  const mayCome = activeTools === undefined && mcp?.owns(toolName as string)
  if (!active.includes(toolName as string) && !mayCome) {
    refuse(`toolChoice names "${String(toolName)}", which is no active tool. ${listed(active)}`)
  }
}

const listed = (names: readonly string[]): string =>
  names.length === 0 ? 'There are none.' : `There are ${names.join(', ')}.`
