/** Marks tools that only look: the engine may run them again when it does not know whether they ran. */

/** Declares that executing the tool twice is the same as executing it once. */
export const readOnly = <T extends object>(tool: T): T & { idempotent: true } => ({
  ...tool,
  idempotent: true,
})
