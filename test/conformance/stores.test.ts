/** The store's ports, on each database it supports. */
import { describeAdmissions } from './admissions.ts'
import { describeChatCatalog } from './chat-catalog.ts'
import { describeChatStates } from './chat-states.ts'
import { describeConversations } from './conversations.ts'
import { DATABASES } from './databases.ts'
import { describeFiles } from './files.ts'
import { describeJournal } from './journal.ts'
import { describeRunCatalog } from './run-catalog.ts'
import { describeRunOverview } from './run-overview.ts'
import { describeRunStore } from './run-store.ts'
import { storesOn } from './sql-stores.ts'
import { describeWorkerRegistry } from './worker-registry.ts'

for (const [name, openDatabase] of DATABASES) {
  const open = async () => storesOn(await openDatabase())
  describeRunStore(name, open)
  describeAdmissions(name, open)
  describeJournal(name, open)
  describeConversations(name, open)
  describeFiles(name, open)
  describeChatCatalog(name, open)
  describeChatStates(name, open)
  describeRunCatalog(name, open)
  describeRunOverview(name, open)
  describeWorkerRegistry(name, open)
}
