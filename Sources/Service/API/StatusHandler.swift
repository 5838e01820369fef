import Basics
import Feed
import HTTPServer
import ReplicaStore
import Replication
import TableModel

/// Answers with the replica's state: what it follows, how far it is, and why it is as it is.
struct StatusHandler: Sendable {
    let view: ReplicaView
    let hub: FeedHub
    let health: Health
    let startedAtMilliseconds: Int64
    let pendingBytes: PendingBytes
    /// Nil where nobody has counted descriptors.
    let descriptors: DescriptorBudget?
    let authentication: AuthenticationStatus

    /// Without `tellsCounts` it says how the replica is and not how much it holds or does: how many items others have is not
    /// for a token that is restricted to some keys.
    func respond(tellsCounts: Bool) -> HTTPResponse {
        let status = view.status()
        let conditions = view.conditions()
        let snapshot = view.store.snapshot
        var object = JSONObject()
        object.add("table", status.tableName)
        object.add("state", conditions.state.rawValue)
        object.add("reason", status.reason)
        object.add("reason_code", status.reasonCode.rawValue)
        object.add("state_since", status.stateSince > 0 ? Timestamp.text(status.stateSince) : nil)
        object.add("ready", health.obstacle() == nil)
        object.add("epoch", snapshot?.position.epoch.text)
        object.add("position", snapshot?.position.description)
        func told<Value>(_ value: @autoclosure () -> Value) -> Value? { tellsCounts ? value() : nil }
        object.add("items", told(Int64(snapshot?.itemCount ?? 0)))
        object.add("bytes", told(Int64(snapshot?.itemBytes ?? 0)))
        object.add("tombstones", told(Int64(snapshot?.tombstoneCount ?? 0)))
        object.add("unreadable", told(Self.unreadableObject(snapshot, status.unreadable)))
        object.add("resume", snapshot.map { Self.resumeObject($0) } ?? JSONObject())
        object.add("history", snapshot.map { Self.historyObject($0, tellsCounts) } ?? JSONObject())
        object.add("lag_ms", conditions.lagMilliseconds)
        object.add("key", snapshot.map { Self.keyObject($0.keySchema) } ?? JSONObject())
        object.add("stream_arn", status.streamARN)
        object.add("shards", tellsCounts ? status.shards.map(Self.shardObject) : [])
        object.add("scan", told(Self.scanObject(status)))
        if tellsCounts, let verification = status.verification {
            object.add("verify", Self.verificationObject(verification))
        }
        object.add("rebuilds", status.rebuilds)
        object.add("changes_applied", told(Int64(status.changesApplied)))
        object.add("last_error", status.lastError)
        object.add("saved_state", tellsCounts ? status.savedState.map(Self.stateObject) : nil)
        object.add("subscribers", told(Int64(hub.reading.subscribers)))
        object.add("connections", descriptors.map(Self.connectionsObject))
        object.add("pending", told(Self.pendingObject(pendingBytes)))
        object.add("authentication", Self.authenticationObject(authentication))
        object.add("version", Build.version)
        object.add("started_at", Timestamp.text(startedAtMilliseconds))
        object.add("now", Timestamp.text(view.wallMilliseconds()))
        return JSONAnswer.make(object)
    }

    /// How far back a subscriber may have been away.
    private static func resumeObject(_ snapshot: StoreSnapshot) -> JSONObject {
        var resume = JSONObject()
        resume.add("from", Position(epoch: snapshot.position.epoch, seq: snapshot.horizon).description)
        resume.add("since", snapshot.horizonAt.map { Timestamp.text($0) })
        return resume
    }

    /// How far back every step is known.
    private static func historyObject(_ snapshot: StoreSnapshot, _ tellsCounts: Bool) -> JSONObject {
        let kept = snapshot.history
        var history = JSONObject()
        history.add("from", Position(epoch: snapshot.position.epoch, seq: kept.floor).description)
        guard tellsCounts else { return history }
        history.add("steps", kept.count)
        history.add("bytes", kept.bytes)
        history.add("limit_bytes", kept.limit)
        return history
    }

    private static func scanObject(_ status: ReplicationStatus) -> JSONObject {
        var scan = JSONObject()
        scan.add("items", status.scannedItems)
        scan.add("segments", status.scanSegments)
        scan.add("segments_done", status.scanSegmentsDone)
        scan.add("consumed_rcu", whole(status.scanConsumedUnits))
        scan.add("estimated_rcu", status.scanEstimatedUnits.map(whole))
        scan.add("estimated_seconds_left", status.scanEstimatedSecondsLeft.map(whole))
        scan.add("rcu_per_second", status.scanUnitsPerSecond.map(Int64.init))
        return scan
    }

    private static func verificationObject(_ verification: VerificationStatus) -> JSONObject {
        var object = JSONObject()
        object.add("passes", verification.passes)
        object.add("last_pass_at", verification.lastPassAt.map { Timestamp.text($0) })
        object.add("rows", verification.rows)
        object.add("suspects", verification.suspects)
        object.add("unresolved", verification.unresolved)
        object.add("repaired_puts", verification.repairedPuts)
        object.add("repaired_removals", verification.repairedRemovals)
        object.add("consumed_rcu", whole(verification.consumedUnits))
        return object
    }

    /// Faults of single items, records and rows that this version cannot read.
    private static func unreadableObject(_ snapshot: StoreSnapshot?, _ unreadable: UnreadableStatus) -> JSONObject {
        var object = JSONObject()
        object.add("items", snapshot?.unreadableCount ?? 0)
        object.add("skipped_records", unreadable.skippedRecords)
        object.add("skipped_rows", unreadable.skippedRows)
        object.add(
            "recent",
            unreadable.recent.map { report in
                var object = JSONObject()
                object.add("what", report.text)
                object.add("at", Timestamp.text(report.at))
                return object
            }
        )
        return object
    }

    /// Rounded up; estimates of endless scans stay numbers.
    private static func whole(_ number: Double) -> Int64 { Int64(saturating: min(max(0, number.rounded(.up)), 1e15)) }

    private static func keyObject(_ schema: KeySchema) -> JSONObject {
        var object = JSONObject()
        object.add("partition", attributeObject(schema.partition))
        if let sort = schema.sort { object.add("sort", attributeObject(sort)) }
        return object
    }

    private static func attributeObject(_ attribute: KeyAttribute) -> JSONObject {
        var object = JSONObject()
        object.add("name", attribute.name)
        object.add("type", attribute.type.rawValue)
        return object
    }

    private static func stateObject(_ state: SavedStateStatus) -> JSONObject {
        var object = JSONObject()
        object.add("start", state.start)
        object.add("resumed", state.isResumed)
        object.add("saved_at", state.savedAt.map(Timestamp.text))
        object.add("saved_seq", state.savedSeq.map { String($0) })
        object.add("stream_read_at", state.streamReadAt.map(Timestamp.text))
        object.add("bytes", state.bytes)
        object.add("saves", state.saves)
        object.add("failures", state.failures)
        object.add("trouble", state.trouble)
        return object
    }

    /// How many clients may be connected, and why no more.
    private static func connectionsObject(_ budget: DescriptorBudget) -> JSONObject {
        var object = JSONObject()
        object.add("limit", budget.connections)
        object.add("configured", budget.asked)
        object.add("open_files_limit", budget.descriptors)
        object.add("open_files_reserved", budget.reserved)
        return object
    }

    /// What waits for slow clients.
    private static func pendingObject(_ pending: PendingBytes) -> JSONObject {
        var object = JSONObject()
        object.add("bytes", pending.bytes)
        object.add("limit_bytes", pending.limit)
        object.add("refused", pending.refused)
        object.add("closed", pending.closed)
        return object
    }

    private static func authenticationObject(_ authentication: AuthenticationStatus) -> JSONObject {
        let reading = authentication.store?.reading
        var object = JSONObject()
        object.add("required", reading != nil)
        object.add("exposed", authentication.isExposed)
        object.add("tokens", Int64(reading?.tokens ?? 0))
        object.add("loaded_at", reading.map { Timestamp.text($0.loadedAt) })
        object.add("trouble", reading?.trouble)
        return object
    }

    private static func shardObject(_ shard: ShardStatus) -> JSONObject {
        var object = JSONObject()
        object.add("id", shard.id)
        object.add("parent_id", shard.parentID)
        object.add("phase", shard.phase)
        object.add("last_sequence_number", shard.lastSequenceNumber?.text)
        object.add("lag_ms", shard.lagMilliseconds)
        object.add("last_error", shard.lastError)
        return object
    }
}

/// A JSON answer that no cache may keep: status, health, the index.
enum JSONAnswer {
    static func make(_ object: JSONObject, status: Int = 200) -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "application/json")
        fields.add("Cache-Control", "no-store")
        fields.add("Vary", "Accept-Encoding")
        return HTTPResponse(status: status, fields: fields, body: .bytes(object.closed))
    }
}
