package import Basics
package import DynamoDBClient

/// Executes the actions of `StreamMachine`, against one stream: calls run concurrently, the machine has this one owner, and the
/// consumer gets one delivery at a time, in order.
package actor StreamPoller {
    /// Takes a delivery, or says how much of it was taken.
    package typealias Consumer = @Sendable (StreamDelivery) async -> DeliveryOutcome

    private enum Message: Sendable {
        case input(StreamInput)
        /// The sleep until this moment has ended.
        case alarm(Duration)
    }

    nonisolated let streamARN: String
    nonisolated let api: any DynamoDBStreamsAPI
    nonisolated let time: TimeSource
    nonisolated let recordLimit: Int
    private var machine: StreamMachine
    private var isRunning = false
    /// The inputs of the present run.
    private var channel: Channel<Message>?
    /// Moments that sleeping tasks wait for.
    private var alarms: Set<Duration> = []
    /// The shards' calls in flight.
    private var shardCalls: [String: Task<Void, Never>] = [:]

    /// A poller that has asked nothing yet.
    package init(
        streamARN: String,
        api: any DynamoDBStreamsAPI,
        start: StreamStart,
        settings: StreamSettings,
        time: TimeSource
    ) {
        self.streamARN = streamARN
        self.api = api
        self.time = time
        recordLimit = settings.recordLimit
        machine = StreamMachine(start: start, settings: settings, seed: UInt64(time.random() * 0x1p53))
    }

    /// Follows the stream until the task is cancelled or the consumer stops; in the latter case its error is thrown, and what it
    /// has not taken is delivered again by the next run.
    package func follow(
        notify: @escaping @Sendable (StreamNotice) -> Void,
        consume: @escaping Consumer
    ) async throws {
        _ = try await run(first: .tick, notify: notify, consume: consume)
    }

    /// Lists the shards and reads each one that can be read to its head, once. Returns what failed.
    package func pass(
        notify: @escaping @Sendable (StreamNotice) -> Void,
        consume: @escaping Consumer
    ) async throws -> [PassFailure] {
        try await run(first: .beginPass, notify: notify, consume: consume)
    }

    /// The shards that are followed, and how far each was read.
    package func view() -> StreamView { machine.view(at: now()) }

    /// Whether everything written before `moment` has been taken, on evidence.
    package func hasCaughtUp(since moment: StreamTime) -> Bool {
        let wake = machine.nextWake
        let hasCaughtUp = machine.hasCaughtUp(since: moment)
        // This can make a listing due.
        if machine.nextWake != wake { channel?.send(.input(.tick)) }
        return hasCaughtUp
    }

    /// Calls of shards in flight.
    var callsInFlight: Int { shardCalls.count }

    /// The durable positions.
    package func state() -> ShardState { machine.state(streamARN: streamARN) }

    /// Resumes after gaps, without their records.
    package func continueAfterGaps() { machine.continueAfterGaps() }

    nonisolated func now() -> StreamTime {
        StreamTime(
            continuous: time.continuous(),
            wallMilliseconds: time.wallMilliseconds(),
            service: api.serviceTime
        )
    }

    private func run(
        first: StreamInput,
        notify: @escaping @Sendable (StreamNotice) -> Void,
        consume: @escaping Consumer
    ) async throws -> [PassFailure] {
        precondition(!isRunning, "one run at a time: the owner's fault")
        isRunning = true
        let channel = Channel<Message>()
        self.channel = channel
        defer { self.channel = nil }
        var failures: [PassFailure]?
        var cause: (any Error)?
        await withDiscardingTaskGroup { group in
            var messages = [Message.input(first)]
            repeat {
                for message in messages {
                    let input = open(message)
                    if case .delivered(.stopped(_, _, let error)) = input { cause = error }
                    for action in machine.handle(input, at: now()) {
                        switch action {
                        case .passEnded(let failed): failures = failed
                        case .bookmarked: notify(.bookmarked)
                        case .gap(let gap): notify(.gap(gap))
                        case .trouble(let shardID, let error): notify(.trouble(shardID: shardID, error))
                        // A consumer that has refused a delivery gets the next one in the next run.
                        case .deliver where cause != nil: break
                        default: execute(action, channel, consume, in: &group)
                        }
                    }
                    if cause != nil { break }
                }
                guard failures == nil, cause == nil else { break }
                setAlarm(channel, in: &group)
                guard let next = await channel.next() else { break }
                messages = next
            } while true
            group.cancelAll()
        }
        // A delivery that was taken while the run ended must not be delivered again.
        for message in channel.drain() {
            if case .input(let input) = message, case .delivered = input { _ = machine.handle(input, at: now()) }
        }
        _ = machine.handle(.interrupted, at: now())
        alarms.removeAll()
        shardCalls.removeAll()
        isRunning = false
        if let cause { throw cause }
        guard let failures else { throw CancellationError() }
        return failures
    }

    private func open(_ message: Message) -> StreamInput {
        switch message {
        case .input(let input):
            if let shardID = input.calledShardID { shardCalls[shardID] = nil }
            return input
        case .alarm(let moment):
            alarms.remove(moment)
            return .tick
        }
    }

    /// Wakes the machine when it asked for it. Alarms that became needless ring in vain.
    ///
    /// An alarm counts until it has rung, not until its moment by our clock: a sleep is measured by another clock, which may end it
    /// a moment early. What was too early for the machine is then waited for again.
    private func setAlarm(_ channel: Channel<Message>, in group: inout DiscardingTaskGroup) {
        guard let wake = machine.nextWake, alarms.allSatisfy({ $0 > wake }) else { return }
        alarms.insert(wake)
        let wait = max(.zero, wake - time.continuous())
        group.addTask { [time] in
            guard (try? await time.sleep(wait)) != nil else { return }
            channel.send(.alarm(wake))
        }
    }

    private func execute(
        _ action: StreamAction,
        _ channel: Channel<Message>,
        _ consume: @escaping Consumer,
        in group: inout DiscardingTaskGroup
    ) {
        let calls = StreamCalls(streamARN: streamARN, api: api, recordLimit: recordLimit)
        switch action {
        case .describe(let cursor):
            group.addTask { channel.send(.input(await calls.describe(cursor))) }
        case .describeChildren(let parentID):
            group.addTask { channel.send(.input(await calls.children(of: parentID))) }
        case .getIterator(let shardID, let start):
            begin(shardID, in: &group) { channel.send(.input(await calls.iterator(shardID, start))) }
        case .getRecords(let shardID, let iterator):
            begin(shardID, in: &group) { channel.send(.input(await calls.records(shardID, iterator))) }
        case .abandon(let shardID):
            shardCalls[shardID]?.cancel()
        case .deliver(let delivery):
            group.addTask { channel.send(.input(.delivered(await consume(delivery)))) }
        case .bookmarked, .gap, .trouble, .passEnded:
            break
        }
    }

    /// Makes a shard's call, which can be abandoned while the others continue.
    private func begin(
        _ shardID: String,
        in group: inout DiscardingTaskGroup,
        _ call: @escaping @Sendable () async -> Void
    ) {
        let task = Task.detached { await call() }
        shardCalls[shardID] = task
        group.addTask {
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }
}

extension StreamInput {
    /// The shard whose call this input responds to; nil for other inputs.
    fileprivate var calledShardID: String? {
        switch self {
        case .iterator(let shardID, _), .iteratorFailed(let shardID, _), .records(let shardID, _),
            .recordsFailed(let shardID, _):
            shardID
        default: nil
        }
    }
}
