import Basics
import DynamoDBStream
import Feed
import HTTPServer
import ReplicaStore
import Replication
import TableModel

/// Responds with the replica's state: what it follows, how far it is, and why it is as it is.
struct StatusHandler: Sendable {
    let view: ReplicaView
    let hub: FeedHub
    let health: Health
    let startedAtMilliseconds: Int64
    let pendingBytes: PendingBytes
    /// Nil where nobody has counted descriptors.
    let connections: ConnectionBudget?
    let authentication: AuthenticationStatus
    /// Nil where nobody calls AWS, as in a test.
    let aws: (@Sendable () -> AWSStatus)?
    /// Nil where it was not started by its program.
    let process: (@Sendable () -> ProcessStatus)?

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        _ = try QueryParameters(call.request, allowed: [])
        return respond(tellsCounts: call.seesAllKeys)
    }

    /// Without `tellsCounts` it says how the replica is and not how much it holds or does: how many items others have is not
    /// for a token that is restricted to some keys.
    private func respond(tellsCounts: Bool) -> HTTPResponse {
        let status = view.status()
        let conditions = view.conditions()
        let snapshot = view.store.snapshot
        return JSONResponse.make { json in
            json.member("table", status.tableName)
            json.member("state", conditions.state.rawValue)
            json.member("reason", status.reason)
            json.member("reason_code", status.reasonCode.rawValue)
            json.member("state_since", status.stateSince > 0 ? Timestamp.text(status.stateSince) : nil)
            json.member("ready", health.obstacle() == nil)
            json.member("ready_when", health.readyWhen.rawValue)
            json.member("epoch", snapshot?.position.epoch.text)
            json.member("position", snapshot?.position.description)
            func told<Value>(_ value: @autoclosure () -> Value) -> Value? { tellsCounts ? value() : nil }
            json.member("items", told(Int64(snapshot?.itemCount ?? 0)))
            json.member("bytes", told(Int64(snapshot?.itemBytes ?? 0)))
            json.member("tombstones", told(Int64(snapshot?.tombstoneCount ?? 0)))
            json.object("unreadable", of: told(status.unreadable)) { Self.write($1, snapshot, to: &$0) }
            json.object("resume") { json in if let snapshot { Self.writeResume(snapshot, to: &json) } }
            json.object("history") { json in if let snapshot { Self.writeHistory(snapshot, tellsCounts, to: &json) } }
            json.member("lag_ms", conditions.lagMilliseconds)
            json.object("key") { json in if let snapshot { Self.write(snapshot.keySchema, to: &json) } }
            json.member("stream_arn", status.streamARN)
            json.array("shards", tellsCounts ? status.shards : []) { json, shard in
                json.object { Self.write(shard, to: &$0) }
            }
            json.object("scan", of: told(status)) { Self.writeScan($1, to: &$0) }
            if tellsCounts, let verification = status.verification {
                json.object("verify") { Self.write(verification, to: &$0) }
            }
            json.object("upstream", of: status.upstream) { Self.write($1, tellsCounts, to: &$0) }
            json.member("rebuilds", status.rebuilds)
            json.member("changes_applied", told(Int64(status.changesApplied)))
            json.member("last_error", status.lastError)
            json.object("aws", of: tellsCounts ? aws?() : nil) { Self.write($1, to: &$0) }
            json.object("saved_state", of: tellsCounts ? status.savedState : nil) { Self.write($1, to: &$0) }
            json.member("subscribers", told(Int64(hub.reading.subscribers)))
            json.object("connections", of: connections) { Self.write($1, to: &$0) }
            json.object("process", of: process?()) { Self.write($1, to: &$0) }
            json.object("memory", of: told(status.memory)) { Self.write($1, process?().residentBytes, to: &$0) }
            json.object("pending", of: told(pendingBytes)) { Self.write($1, to: &$0) }
            json.object("authentication") { Self.write(authentication, to: &$0) }
            json.member("version", Build.version)
            json.member("started_at", Timestamp.text(startedAtMilliseconds))
            json.member("now", Timestamp.text(view.wallMilliseconds()))
        }
    }

    /// How far back a subscriber may have been away.
    private static func writeResume(_ snapshot: StoreSnapshot, to json: inout JSONWriter) {
        json.member("from", snapshot.position(at: snapshot.horizon).description)
        json.member("since", snapshot.horizonAt.map { Timestamp.text($0) })
    }

    /// How far back every step is known.
    private static func writeHistory(_ snapshot: StoreSnapshot, _ tellsCounts: Bool, to json: inout JSONWriter) {
        let kept = snapshot.history
        json.member("from", snapshot.position(at: kept.floor).description)
        guard tellsCounts else { return }
        json.member("steps", kept.count)
        json.member("bytes", kept.bytes)
        json.member("limit_bytes", kept.limit)
    }

    private static func writeScan(_ status: ReplicationStatus, to json: inout JSONWriter) {
        json.member("items", status.scannedItems)
        json.member("segments", status.scanSegments)
        json.member("segments_done", status.scanSegmentsDone)
        json.member("consumed_rcu", whole(status.scanConsumedUnits))
        json.member("estimated_rcu", status.scanEstimatedUnits.map(whole))
        json.member("estimated_seconds_left", status.scanEstimatedSecondsLeft.map(whole))
        json.member("rcu_per_second", status.scanUnitsPerSecond.map(Int64.init))
    }

    private static func write(_ verification: VerificationStatus, to json: inout JSONWriter) {
        json.member("passes", verification.passes)
        json.member("last_pass_at", verification.lastPassAt.map { Timestamp.text($0) })
        json.member("rows", verification.rows)
        json.member("suspects", verification.suspects)
        json.member("unresolved", verification.unresolved)
        json.member("repaired_puts", verification.repairedPuts)
        json.member("repaired_removals", verification.repairedRemovals)
        json.member("consumed_rcu", whole(verification.consumedUnits))
    }

    /// Faults of single items, records and rows that this version cannot read.
    private static func write(_ unreadable: UnreadableStatus, _ snapshot: StoreSnapshot?, to json: inout JSONWriter) {
        json.member("items", snapshot?.unreadableCount ?? 0)
        json.member("skipped_records", unreadable.skippedRecords)
        json.member("skipped_rows", unreadable.skippedRows)
        json.array("recent", unreadable.recent) { json, report in
            json.object { json in
                json.member("what", report.text)
                json.member("at", Timestamp.text(report.at))
            }
        }
    }

    /// Rounded up; estimates of endless scans stay numbers.
    private static func whole(_ number: Double) -> Int64 { Int64(saturating: min(max(0, number.rounded(.up)), 1e15)) }

    private static func write(_ schema: KeySchema, to json: inout JSONWriter) {
        json.object("partition") { write(schema.partition, to: &$0) }
        if let sort = schema.sort { json.object("sort") { write(sort, to: &$0) } }
    }

    private static func write(_ attribute: KeyAttribute, to json: inout JSONWriter) {
        json.member("name", attribute.name)
        json.member("type", attribute.type.rawValue)
    }

    /// The other replica that is followed. Its address and its chain are not for a token that is restricted to some keys.
    private static func write(_ upstream: UpstreamStatus, _ tellsAll: Bool, to json: inout JSONWriter) {
        json.member("url", tellsAll ? upstream.url : nil)
        json.array("chain", tellsAll ? upstream.chain : []) { json, id in json.string(id) }
        json.member("followed", upstream.isFollowed)
        json.member("trouble", tellsAll ? upstream.trouble : nil)
        json.member("connections", upstream.connections)
        json.member("loads", upstream.loads)
        json.member("resumptions", upstream.resumptions)
        json.member("moves", upstream.moves)
        json.member("comparisons", upstream.comparisons)
        json.member("differences", upstream.differences)
        json.member("contradictions", upstream.contradictions)
        json.member("bytes", tellsAll ? Int64(upstream.bytes) : nil)
    }

    private static func write(_ state: SavedStateStatus, to json: inout JSONWriter) {
        json.member("start", state.start)
        json.member("resumed", state.isResumed)
        json.member("saved_at", state.savedAt.map(Timestamp.text))
        json.member("saved_seq", state.savedSeq.map { String($0) })
        json.member("stream_read_at", state.streamReadAt.map(Timestamp.text))
        json.member("bytes", state.bytes)
        json.member("saves", state.saves)
        json.member("failures", state.failures)
        json.member("trouble", state.trouble)
    }

    /// How many clients may be connected, and why no more.
    private static func write(_ budget: ConnectionBudget, to json: inout JSONWriter) {
        json.member("limit", budget.connections)
        json.member("configured", budget.configured)
        json.member("open_files_limit", budget.openFiles)
        json.member("open_files_reserved", budget.reservedFiles)
    }

    private static func write(_ process: ProcessStatus, to json: inout JSONWriter) {
        json.member("cpus", process.processors)
        json.member("cpu_quota", raw: process.quota.map { "\($0)" } ?? "null")
        json.member("event_loops", process.eventLoops)
    }

    private static func write(_ memory: MemoryStatus, _ residentBytes: Int64?, to json: inout JSONWriter) {
        json.member("limit_bytes", memory.limit?.bytes)
        json.member("limit_source", memory.limit?.source.rawValue)
        json.member("resident_bytes", residentBytes)
        json.member("table_bytes", memory.tableBytes)
        json.member("estimated_bytes", memory.estimatedBytes)
        json.member("full", memory.isFull)
        json.member("dropped_contents", memory.droppedContents)
    }

    /// What waits for slow clients.
    private static func write(_ pending: PendingBytes, to json: inout JSONWriter) {
        json.member("bytes", pending.bytes)
        json.member("limit_bytes", pending.limit)
        json.member("refused", pending.refused)
        json.member("closed", pending.closed)
    }

    private static func write(_ authentication: AuthenticationStatus, to json: inout JSONWriter) {
        let reading = authentication.store?.reading
        json.member("required", reading != nil)
        json.member("exposed", authentication.isExposed)
        json.member("tokens", Int64(reading?.tokens ?? 0))
        json.member("loaded_at", reading.map { Timestamp.text($0.loadedAt) })
        json.member("trouble", reading?.trouble)
    }

    private static func write(_ status: AWSStatus, to json: inout JSONWriter) {
        json.member("region", status.region)
        json.member("endpoint", status.endpoint)
        json.member("streams_endpoint", status.streamsEndpoint)
        json.object("credentials") { json in
            json.member("source", status.credentials.source)
            json.member("expires_at", status.credentials.expiresAt.map(Timestamp.text))
            json.member("loads", status.credentials.loads)
            json.member("failures", status.credentials.failures)
            json.member("trouble", status.credentials.trouble)
        }
        json.member("clock_skew_ms", status.clockSkewMilliseconds)
    }

    private static func write(_ shard: ShardStatus, to json: inout JSONWriter) {
        json.member("id", shard.id)
        json.member("parent_id", shard.parentID)
        json.member("phase", shard.phase.rawValue)
        json.member("last_sequence_number", shard.lastSequenceNumber?.text)
        json.member("lag_ms", shard.lagMilliseconds)
        json.member("last_error", shard.lastError)
    }
}

/// A JSON response that no cache may keep: status, health, the index.
enum JSONResponse {
    /// The response with the object whose members `write` writes.
    static func make(status: Int = 200, _ write: (inout JSONWriter) -> Void) -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "application/json")
        fields.add("Cache-Control", "no-store")
        fields.add("Vary", "Accept-Encoding")
        return HTTPResponse(status: status, fields: fields, body: .bytes(JSONWriter.object(write)))
    }
}
