/** The public surface of Outlast in a server: agents, the engine, and the tables with their repositories. */
export { createOutlast, type Outlast, type OutlastOptions } from './outlast.ts'
export {
  createOutlastHandler,
  toNodeHandler,
  type OutlastHandler,
  type OutlastHandlerOptions,
} from './handler.ts'
export type { AdmissionLimits } from './http/admission.ts'
export type { HttpLimits } from './http/app.ts'
export type { CrossOrigin } from './http/cross-origin.ts'
export { firstOf } from './http/identity/first-of.ts'
export type { Authenticate, Caller, Remote } from './http/identity/identity.ts'
export {
  jwtIdentity,
  type JwtClaims,
  type JwtIdentityOptions,
} from './http/identity/jwt-identity.ts'
export type { JwtKeyOptions } from './http/identity/jwt-keys.ts'
export { tokenIdentity } from './http/identity/token-identity.ts'
export type { Tickets } from './store/tickets.ts'
export type { Tokens } from './store/tokens.ts'
export type { NewTicket } from './domain/ticket.ts'
export type { NewToken, TokenCheck, TokenRecord, TokenScope } from './domain/token.ts'
export {
  defineAgent,
  type AgentDefinition,
  type AgentModel,
  type AgentOptions,
  type AgentTimeout,
  type OutlastTool,
  type OutlastToolSet,
  type ToolRecovery,
  type ToolRecoveryResult,
} from './agent/define-agent.ts'
export { mcpServers } from './mcp.ts'
export type { McpServers, McpServersOptions } from './agent/mcp/mcp-servers.ts'
export type { McpHttpServer, McpServer, McpStdioServer } from './agent/mcp/options.ts'
export type { AgentFunction, AgentRequest } from './agent/agents.ts'
export type { Prices } from './domain/cost.ts'
export { createDemoModel, type DemoModelOptions } from './agent/demo/model.ts'
export { idempotent, recoverable } from './agent/declare.ts'
export { toolRun, type ToolData, type ToolRun } from './agent/tool-run.ts'
export { openDatabase, type OpenDatabaseOptions, type OutlastDatabase } from './store/database.ts'
export { migrate } from './store/migrate.ts'
export { AiChatRunRepo } from './store/ai-chat-run-repo.ts'
export { AiChatMessageRepo } from './store/ai-chat-message-repo.ts'
export { AiChatRunService } from './engine/run-service.ts'
export type { Engine } from './engine/engine.ts'
export type {
  Attachment,
  EngineApi,
  RunSummary,
  RunTarget,
  StartTurn,
  UiMessage,
} from './engine/api.ts'
export { frameOffset, type Frame } from './engine/tail/replay.ts'
export { formatOffset, parseOffset, type Position } from './domain/position.ts'
export type {
  Principal,
  RunErrorCode,
  RunRecord,
  RunStatus,
  RunTrigger,
  SettledStatus,
} from './domain/run.ts'
export { type Limits } from './domain/limits.ts'
export * from './domain/errors.ts'
