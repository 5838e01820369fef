public import Basics
public import DynamoDBClient

/// One table's stream, made easy to consume: shards, their lineage, iterators and their expiry are its business, events are
/// yours.
///
///     let stream = try DynamoDBStream(streamARN: arn, client: client, time: time)
///     try await stream.fetchStreamState { _ in }         // the bookmark: events from here on
///     …                                                  // read the table
///     while true {
///         try await stream.fetchStreamState { event in
///             switch event {
///             case .insertRecord(let record, _), .modifyRecord(let record, _): replica[record.keys] = record.newImage
///             case .removeRecord(let record, _): replica[record.keys] = nil
///             default: break
///             }
///         }
///     }
///
/// Each event is delivered at least once, in order per item: positions advance when the consumer has returned. A consumer that
/// throws gets the event, and all that follow, again. What can no longer be read is an error (`gap`), never a silent skip.
public actor DynamoDBStream {
    /// Takes one event. Throwing leaves it, and what follows, for the next call.
    public typealias Consumer = @Sendable (StreamEvent) async throws -> Void

    /// The stream's name.
    public nonisolated let streamARN: String
    private let poller: StreamPoller
    private let beforeEvents: (@Sendable (Int) async throws -> Void)?
    private let time: TimeSource
    private let retention: Duration
    /// When the newest pass that read everything began, milliseconds since 1970 UTC.
    private var readAt: Int64?
    /// That was longer ago than the stream keeps records. What was trimmed meanwhile, the service need not tell: of a shard
    /// without a sequence number to resume from it gives the oldest record that it still has.
    private var isStalled = false
    private var isBusy = false
    private var isClosed = false
    private var queue: [CheckedContinuation<Void, Never>] = []
    private var running: Task<[PassFailure], any Error>?

    /// Names the stream to read.
    ///
    /// - Parameters:
    ///   - streamARN: `LatestStreamArn` of DescribeTable; never the first one of ListStreams, which may be an old one.
    ///   - client: who makes the calls.
    ///   - shardState: what an earlier consumer saved; nil begins at the bookmark that the first `fetchStreamState` sets. One that
    ///     is older than the stream's records (`StreamLimits.retention`) is a `gap` when it is resumed.
    ///   - fromOldestRecord: without a state, begin with the oldest record that the stream still has (up to 24 hours).
    ///   - settings: intervals and bounds.
    ///   - time: the clock and the sleeper.
    ///   - beforeEvents: called with the number of coming events before they are delivered; throwing puts them off.
    /// - Throws: `DynamoDBStreamError.foreignState` for a state of another stream.
    public init(
        streamARN: String,
        client: any DynamoDBStreamsAPI,
        shardState: ShardState? = nil,
        fromOldestRecord: Bool = false,
        settings: StreamSettings = StreamSettings(),
        time: TimeSource,
        beforeEvents: (@Sendable (Int) async throws -> Void)? = nil
    ) throws(DynamoDBStreamError) {
        if let shardState, shardState.streamARN != streamARN {
            throw .foreignState(expected: streamARN, found: shardState.streamARN)
        }
        self.streamARN = streamARN
        self.beforeEvents = beforeEvents
        self.time = time
        retention = settings.limits.retention
        readAt = shardState?.readAt
        let start: StreamStart = shardState.map { .state($0) } ?? (fromOldestRecord ? .trimHorizon : .latest)
        poller = StreamPoller(streamARN: streamARN, api: client, start: start, settings: settings, time: time)
    }

    /// One pass: lists the shards, reads each one that can be read to its head or end, and delivers what came. Overlapping calls
    /// wait for each other.
    ///
    /// - Throws: what could not be read, after everything else was delivered; or what the consumer threw.
    public func fetchStreamState(_ consume: @escaping Consumer) async throws(DynamoDBStreamError) {
        await enter()
        defer { leave() }
        guard !isClosed else { throw .closed }
        let began = time.wallMilliseconds()
        if let readAt, .milliseconds(began - readAt) > retention { isStalled = true }
        let poller = poller
        let delivery = EventDelivery(consume: consume, beforeEvents: beforeEvents)
        let task = Task { try await poller.pass(notify: { _ in }, consume: delivery.deliver) }
        running = task
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        running = nil
        try await judge(result)
        readAt = began
    }

    private func judge(_ result: Result<[PassFailure], any Error>) async throws(DynamoDBStreamError) {
        let failures: [PassFailure]
        switch result {
        case .success(let failed): failures = failed
        case .failure(let error): throw error is CancellationError ? isClosed ? .closed : .cancelled : .consumer(error)
        }
        if let gap = await poller.view().gap { throw .gap(gap) }
        if isStalled { throw .gap(StreamGap(reason: .stalled, shardID: nil)) }
        if let listing = failures.first(where: { $0.shardID == nil }) { throw .listing(listing.error) }
        guard failures.isEmpty else {
            let errors = failures.compactMap { failure in failure.shardID.map { ($0, failure.error) } }
            throw .shards(Dictionary(errors, uniquingKeysWith: { _, last in last }))
        }
    }

    /// How far each shard has been taken; give it to the next `DynamoDBStream` of this stream. Save it after the effects of the
    /// events, never before.
    public var shardState: ShardState {
        get async {
            // The moment first: the positions may only be ahead of it.
            let readAt = readAt
            let state = await poller.state()
            return ShardState(streamARN: state.streamARN, shards: state.shards, readAt: readAt)
        }
    }

    /// Accepts the loss that a `gap` error reported: trimmed shards resume with their oldest record, vanished ones are over.
    public func continueAfterGap() async {
        if isStalled {
            isStalled = false
            readAt = nil
        }
        await poller.continueAfterGaps()
    }

    /// Ends a pass in progress and refuses further ones. Events that were not taken stay untaken in `shardState`.
    public func close() {
        isClosed = true
        running?.cancel()
    }

    private func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { queue.append($0) }
    }

    private func leave() {
        guard !queue.isEmpty else {
            isBusy = false
            return
        }
        queue.removeFirst().resume()
    }
}
