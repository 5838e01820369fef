package import DynamoDBClient
package import StateStore

/// An event that replication reports as it happens.
package enum ReplicationEvent: Sendable, Hashable {
    case stateChanged(from: ReplicaState, to: ReplicaState, code: ReasonCode, reason: String)
    /// The state is the same; its reason has changed.
    case reasonChanged(in: ReplicaState, code: ReasonCode, reason: String)
    /// Replication resumes in this state after it stood still for so long.
    case stallEnded(seconds: Int64, in: ReplicaState)
    /// A start waits for a table that can be followed; told after every attempt. The trouble can pass without anybody's help.
    case startWaits(code: ReasonCode, reason: String)
    /// Records of one shard were applied; `replayed` of them had been applied before.
    case changesApplied(shardID: String, count: Int, replayed: Int)
    case shardsAdded([String])
    case shardEnded(String)
    /// Counts since the generation began.
    case scanProgress(items: Int, segmentsDone: Int, segments: Int)
    /// Records were lost; a rebuild follows.
    case gap(String)
    /// A listing (nil) or a shard's call failed; it is retried.
    case shardTrouble(shardID: String?, DynamoDBError)
    /// A scan page or DescribeTable failed; it is retried.
    case tableTrouble(DynamoDBError)
    /// A new generation is being built.
    case rebuild(reason: String)
    /// The memory that the table takes, beside the limit, in a sentence: at the start, and when the judgement has changed.
    case memoryEstimated(MemoryJudgement, text: String)
    /// Old contents were taken from readers during a rebuild.
    case contentsDropped(reason: String)
    /// A scan has filled the memory; the next attempt follows after a pause.
    case scanFull(reason: String)
    /// Memory is full: no changes are taken that need more of it.
    case memoryFull(reason: String)
    /// There is room again.
    case memoryFreed
    /// A saved state is being read. This is told again, or the reading has ended, before so many seconds have passed.
    case stateLoading(seconds: Int64)
    /// A saved state is resumed; the stream was read up to `seconds` ago. With a reason the feed begins a new epoch all the same.
    case resumed(seconds: Int64, epoch: String, newEpochReason: String?)
    /// The saved state cannot be resumed; the table is read.
    case stateRejected(StateRejection)
    case stateSaved(StateSaveReport)
    /// Saving failed; it is tried again.
    case stateTrouble(StateTrouble)
    /// The process was asked to stop, and the first save did not end within `seconds`: the next start reads the table.
    case stateLeftUnfinished(seconds: Int64)
    /// Saving works again.
    case stateRecovered
    /// Another process holds the state directory; the start waits for it for so long.
    case stateDirectoryAwaited(StateDirectoryError, seconds: Int64)
    /// The state directory was free at last. `isLate`: the table was read meanwhile, so the state in the directory is not used.
    case stateDirectoryTaken(path: String, isLate: Bool)
    /// A row of the table and its item in the replica differed although no change was in progress; the replica has the row now.
    case repaired(put: Int, removed: Int)
    /// Something of the table cannot be read; `text` names it, with the reason and the consequence. Everything else continues.
    case unreadable(text: String)
    /// So many items that could not be read were read again, and could.
    case readable(count: Int)
    /// An upstream (`--follow`) cannot be followed for this reason; another attempt follows.
    case upstreamTrouble(String)
    /// An upstream continues where the replica stood, or from its times after a move from another replica.
    case upstreamContinues(epoch: String, isMoved: Bool)
    /// The contents differ from the upstream's, as the words say; they are loaded again.
    case upstreamDiffers(String)
    /// A record came whose event name or version this release does not know; reported once for each. The item of its key is read from the
    /// table. A record without a key of the table is skipped.
    case unknownRecord(eventName: String, shardID: String)
}

/// Hears of what replication does. It is called synchronously by the tasks of replication and by the thread that watches them, also at the
/// same time: it must be quick and never block.
package protocol ReplicationObserver: Sendable {
    /// Takes an event.
    func observe(_ event: ReplicationEvent)
}
