import { createLocalBus, createLocalChunkLog, createLocalQueue } from '../../src/queue/local.ts'
import { describeChunkLog } from './chunk-log.ts'
import { describeRunBus } from './run-bus.ts'
import { describeRunQueue } from './run-queue.ts'

describeChunkLog('in this process', createLocalChunkLog)
describeRunBus('in this process', createLocalBus)
describeRunQueue('in this process', createLocalQueue)
