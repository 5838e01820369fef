import API
import Basics
import DynamoDBStream
import Feed
import HTTPServer
import ReplicaStore
import Replication
import Telemetry

/// Brings gauges and foreign counts up to date when `/metrics` is asked for, and prints everything.
final class MetricsCollector: Sendable {
    private let metrics: CollectedMetrics
    /// Nil where nobody calls AWS, as in a test.
    private let aws: AWSMetrics?
    private let view: ReplicaView
    private let hub: FeedHub
    private let health: Health
    private let waiting: Permits
    private let pendingBytes: PendingBytes
    private let connectionLimit: Int
    /// Nil where no tokens are asked for.
    private let tokens: TokenStore?
    private let process: @Sendable () -> ProcessStatus
    private let startedAtMilliseconds: Int64

    init(
        registry: PrometheusRegistry,
        view: ReplicaView,
        hub: FeedHub,
        health: Health,
        waiting: Permits,
        pendingBytes: PendingBytes,
        connectionLimit: Int,
        tokens: TokenStore? = nil,
        aws: (@Sendable () -> AWSStatus)? = nil,
        process: @escaping @Sendable () -> ProcessStatus,
        startedAtMilliseconds: Int64
    ) {
        metrics = CollectedMetrics(registry: registry)
        self.aws = aws.map { [metrics] in AWSMetrics(metrics, status: $0) }
        self.view = view
        self.hub = hub
        self.health = health
        self.waiting = waiting
        self.pendingBytes = pendingBytes
        self.connectionLimit = connectionLimit
        self.tokens = tokens
        self.process = process
        self.startedAtMilliseconds = startedAtMilliseconds
        for (name, help) in Self.meanings { registry.describe(name, help) }
    }

    /// The answer of `/metrics`.
    func respond() -> HTTPResponse {
        collectReplica()
        collectState()
        collectFeed()
        collectPending()
        collectMemory()
        collectProcess()
        aws?.collect()
        var fields = HTTPFields()
        fields.add("Content-Type", PrometheusRegistry.contentType)
        fields.add("Cache-Control", "no-store")
        return HTTPResponse(status: 200, fields: fields, body: .bytes(Array(metrics.registry.exposition().utf8)))
    }

    private func collectReplica() {
        let status = view.status()
        let conditions = view.conditions()
        for state in ReplicaState.allCases {
            gauge("tablecast_replica_state", [("state", state.rawValue)], conditions.state == state ? 1 : 0)
        }
        for code in ReasonCode.allCases {
            gauge("tablecast_replica_reason", [("reason", code.rawValue)], status.reasonCode == code ? 1 : 0)
            let departures = status.departures[code] ?? 0
            counter("tablecast_replica_left_live_total", [("reason", code.rawValue)], departures)
        }
        counter("tablecast_replica_rebuilds_total", [], status.rebuilds)
        gauge("tablecast_ready", [], health.obstacle() == nil ? 1 : 0)
        metrics.gauge("tablecast_replica_lag_seconds", known: conditions.lagMilliseconds.map { Double($0) / 1000 })
        // What is not published is nothing, as in the status: a gauge that is left alone would go on telling what was there last.
        let snapshot = view.store.snapshot
        gauge("tablecast_replica_items", [], Double(snapshot?.itemCount ?? 0))
        gauge("tablecast_replica_item_bytes", [], Double(snapshot?.itemBytes ?? 0))
        gauge("tablecast_replica_tombstones", [], Double(snapshot?.tombstoneCount ?? 0))
        gauge("tablecast_replica_unreadable_items", [], Double(snapshot?.unreadableCount ?? 0))
        gauge("tablecast_replica_skipped_records", [], Double(status.unreadable.skippedRecords))
        gauge("tablecast_replica_skipped_rows", [], Double(status.unreadable.skippedRows))
        gauge("tablecast_replica_seq", [], Double(snapshot?.position.seq ?? 0))
        gauge("tablecast_history_steps", [], Double(snapshot?.history.count ?? 0))
        gauge("tablecast_history_bytes", [], Double(snapshot?.history.bytes ?? 0))
        counter("tablecast_replica_changes_applied_total", [], status.changesApplied)
        gauge("tablecast_scan_items", [], Double(status.scannedItems))
        gauge("tablecast_scan_consumed_capacity_units", [], status.scanConsumedUnits)
        if let verification = status.verification { collect(verification) }
        if let upstream = status.upstream { collect(upstream) }
        for phase in ShardPhase.allCases {
            let count = status.shards.count { $0.phase == phase }
            gauge("tablecast_shards", [("phase", phase.rawValue)], Double(count))
        }
    }

    private func collectState() {
        guard let state = view.status().savedState else { return }
        gauge("tablecast_state_resumed", [], state.isResumed ? 1 : 0)
        gauge("tablecast_state_failing", [], state.trouble == nil ? 0 : 1)
        gauge("tablecast_state_bytes", [], Double(state.bytes))
        counter("tablecast_state_saves_total", [], state.saves)
        counter("tablecast_state_save_failures_total", [], state.failures)
        if let moment = state.streamReadAt {
            gauge("tablecast_state_age_seconds", [], Double(max(0, view.wallMilliseconds() - moment)) / 1000)
        }
    }

    private func collect(_ upstream: UpstreamStatus) {
        gauge("tablecast_upstream_followed", [], upstream.isFollowed ? 1 : 0)
        counter("tablecast_upstream_connections_total", [], upstream.connections)
        counter("tablecast_upstream_loads_total", [], upstream.loads)
        counter("tablecast_upstream_moves_total", [], upstream.moves)
        counter("tablecast_upstream_comparisons_total", [], upstream.comparisons)
        counter("tablecast_upstream_differences_total", [], upstream.differences)
        counter("tablecast_upstream_contradictions_total", [], upstream.contradictions)
        counter("tablecast_upstream_bytes_total", [], upstream.bytes)
    }

    private func collect(_ verification: VerificationStatus) {
        counter("tablecast_verify_passes_total", [], verification.passes)
        counter("tablecast_verify_rows_total", [], verification.rows)
        counter("tablecast_verify_suspects_total", [], verification.suspects)
        counter("tablecast_verify_unresolved_total", [], verification.unresolved)
        counter("tablecast_verify_repairs_total", [("op", "put")], verification.repairedPuts)
        counter("tablecast_verify_repairs_total", [("op", "remove")], verification.repairedRemovals)
        counter("tablecast_verify_consumed_capacity_units_total", [], Int(verification.consumedUnits))
    }

    private func collectFeed() {
        let reading = hub.reading
        gauge("tablecast_http_waiting_requests", [], Double(waiting.count))
        gauge("tablecast_feed_subscribers", [], Double(reading.subscribers))
        gauge("tablecast_feed_followers", [], Double(reading.followers))
        counter("tablecast_feed_subscribers_total", [], reading.subscribersTotal)
        counter("tablecast_feed_events_total", [], reading.eventsTotal)
        counter("tablecast_feed_bytes_total", [], reading.bytesTotal)
        counter("tablecast_feed_frames_total", [("made", "encoded")], reading.framesEncodedTotal)
        counter("tablecast_feed_frames_total", [("made", "shared")], reading.framesSharedTotal)
        counter("tablecast_feed_refused_total", [], reading.refusedTotal)
        counter("tablecast_feed_stalled_total", [], reading.stalledTotal)
        counter("tablecast_feed_aged_total", [], reading.agedTotal)
        counter("tablecast_feed_moves_total", [], reading.movesTotal)
        counter("tablecast_feed_saved_bytes_total", [], reading.savedBytesTotal)
        for reason in ResetReason.allCases {
            counter("tablecast_feed_resets_total", [("reason", reason.rawValue)], reading.resetsTotal[reason] ?? 0)
        }
    }

    private func collectPending() {
        gauge("tablecast_http_connections_limit", [], Double(connectionLimit))
        gauge("tablecast_http_pending_bytes", [], Double(pendingBytes.bytes))
        gauge("tablecast_http_pending_bytes_limit", [], Double(pendingBytes.limit))
        counter("tablecast_http_pending_refused_total", [], pendingBytes.refused)
        counter("tablecast_http_pending_closed_total", [], pendingBytes.closed)
    }

    private func collectMemory() {
        let memory = view.status().memory
        metrics.gauge("tablecast_memory_limit_bytes", known: memory.limit.map { Double($0.bytes) })
        metrics.gauge("tablecast_memory_estimated_bytes", known: memory.estimatedBytes.map { Double($0) })
        gauge("tablecast_memory_full", [], memory.isFull ? 1 : 0)
        counter("tablecast_memory_dropped_contents_total", [], memory.droppedContents)
    }

    private func collectProcess() {
        let process = process()
        gauge("tablecast_cpus", [], Double(process.processors))
        gauge("tablecast_event_loops", [], Double(process.eventLoops))
        if let reading = tokens?.reading { gauge("tablecast_token_file_failing", [], reading.trouble == nil ? 0 : 1) }
        counter("tablecast_log_lines_dropped_total", [], LogQueue.standardError.droppedTotal)
        gauge("tablecast_build_info", [("version", Build.version)], 1)
        gauge("process_start_time_seconds", [], Double(startedAtMilliseconds) / 1000)
        gauge("process_cpu_seconds", [], ProcessUsage.processorSeconds())
        if let bytes = ProcessUsage.residentBytes() { gauge("process_resident_memory_bytes", [], Double(bytes)) }
        if let count = ProcessUsage.openDescriptors() { gauge("process_open_fds", [], Double(count)) }
    }

    private func gauge(_ name: String, _ dimensions: [(String, String)], _ value: Double) {
        metrics.gauge(name, dimensions, value)
    }

    private func counter(_ name: String, _ dimensions: [(String, String)], _ total: Int) {
        metrics.counter(name, dimensions, total)
    }

    private static let meanings = [
        ("tablecast_replica_state", "1 for the state the replica is in."),
        ("tablecast_replica_reason", "1 for why the replica is in its state."),
        ("tablecast_replica_left_live_total", "Departures from live, by reason."),
        ("tablecast_replica_rebuilds_total", "Rebuilds started."),
        ("tablecast_ready", "1 while the service is ready."),
        ("tablecast_replica_lag_seconds", "How far the replica is behind the table."),
        ("tablecast_replica_items", "Items in the replica."),
        ("tablecast_replica_item_bytes", "Bytes of keys and items, without indexes."),
        ("tablecast_replica_tombstones", "Removed keys still remembered for resuming readers."),
        ("tablecast_replica_unreadable_items", "Items of the table that this version cannot read."),
        (
            "tablecast_replica_skipped_records",
            "Stream records skipped because their keys cannot be read, until the table was compared or read again."
        ),
        ("tablecast_replica_skipped_rows", "Rows missing from the replica because their keys cannot be read."),
        ("tablecast_replica_seq", "The replica's newest position within its epoch."),
        ("tablecast_replica_changes_applied_total", "Changes taken from the stream."),
        ("tablecast_scan_items", "Items that the current or last scan has read."),
        ("tablecast_scan_consumed_capacity_units", "Read capacity units that the current or last scan has consumed."),
        ("tablecast_verify_passes_total", "Comparisons of the whole table with the replica."),
        ("tablecast_verify_rows_total", "Rows of the table compared."),
        ("tablecast_verify_suspects_total", "Keys that differed at first sight, most for a change in progress."),
        ("tablecast_verify_unresolved_total", "Suspects left to the next comparison."),
        ("tablecast_verify_repairs_total", "Items that differed from the table and were put right."),
        ("tablecast_verify_consumed_capacity_units_total", "Read capacity units that comparing has consumed."),
        ("tablecast_shards", "Shards of the stream by phase."),
        ("tablecast_upstream_followed", "1 while an upstream is followed and its newest bookmark was equal."),
        ("tablecast_upstream_connections_total", "Connections to upstreams."),
        ("tablecast_upstream_loads_total", "Loads of an upstream's whole contents."),
        ("tablecast_upstream_moves_total", "Moves to another replica of the stream without a load."),
        ("tablecast_upstream_comparisons_total", "Comparisons of the contents with an upstream's digest."),
        ("tablecast_upstream_differences_total", "Comparisons that found a difference."),
        ("tablecast_upstream_contradictions_total", "Streams of upstreams ended because they contradicted themselves."),
        ("tablecast_upstream_bytes_total", "Bytes of upstreams' lines, after decompression."),
        (
            "tablecast_log_lines_dropped_total",
            "Log lines dropped, those of the access log included: the reader was too slow, or a line could not be written."
        ),
        ("tablecast_state_resumed", "1 when the process went on with a saved state."),
        ("tablecast_state_failing", "1 while the state cannot be saved."),
        ("tablecast_state_bytes", "Bytes of the saved state on disk."),
        ("tablecast_state_saves_total", "Saves of the state that wrote something."),
        ("tablecast_state_save_failures_total", "Saves of the state that failed."),
        ("tablecast_state_age_seconds", "Time since the stream was last known to have been read by what is saved."),
        (
            "tablecast_token_file_failing",
            "1 while the token file cannot be used or checked; the tokens read before stay in use."
        ),
        ("tablecast_http_waiting_requests", "Requests that wait for an item to change."),
        ("tablecast_http_connections_limit", "Connections that may be open at once."),
        ("tablecast_http_pending_bytes", "Bytes in memory that wait for slow clients."),
        ("tablecast_http_pending_bytes_limit", "Bytes that may wait for slow clients."),
        ("tablecast_http_pending_refused_total", "Large responses refused with 503 because too many bytes waited."),
        ("tablecast_http_pending_closed_total", "Connections closed because too many bytes waited."),
        ("tablecast_feed_subscribers", "Event streams open."),
        ("tablecast_feed_followers", "Event streams of followers, which are subscribers too."),
        ("tablecast_feed_subscribers_total", "Event streams opened."),
        ("tablecast_feed_events_total", "Data events delivered."),
        ("tablecast_feed_bytes_total", "Bytes of produced event streams that held data events."),
        ("tablecast_feed_frames_total", "Runs of changes delivered, by whether they were encoded or shared."),
        ("tablecast_feed_refused_total", "Event streams told `busy` because all places were taken."),
        ("tablecast_feed_aged_total", "Event streams ended because of their age."),
        ("tablecast_feed_moves_total", "Subscribers of other replicas that continued here."),
        ("tablecast_feed_saved_bytes_total", "Bytes of streams that compression saved."),
        ("tablecast_history_steps", "Steps kept in the history."),
        ("tablecast_history_bytes", "Bytes that the history keeps in memory."),
        ("tablecast_feed_stalled_total", "Event streams closed because their client did not read."),
        ("tablecast_feed_resets_total", "Times a subscriber was told to start over."),
        ("tablecast_memory_limit_bytes", "Memory that the process may use."),
        ("tablecast_memory_estimated_bytes", "Memory that the process needs for the table, by DescribeTable's size."),
        ("tablecast_memory_full", "1 while memory is full and no changes are taken that need more of it."),
        (
            "tablecast_memory_dropped_contents_total",
            "Rebuilds that refused reads because two copies did not fit into memory."
        ),
        ("tablecast_cpus", "Processors that the process may use."),
        ("tablecast_event_loops", "Event loops that serve HTTP."),
        ("tablecast_build_info", "The version, as a label."),
        ("process_start_time_seconds", "Start of the process since 1970 UTC."),
        ("process_cpu_seconds", "Processor time used."),
        ("process_resident_memory_bytes", "Resident memory."),
        ("process_open_fds", "Open file descriptors."),
    ]
}
