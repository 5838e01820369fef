import DynamoDBClient
import StreamModel
import TableModel

@testable import DynamoDBStream

/// Executes a machine's actions against a model, in virtual time, in one thread: every run is repeatable.
struct MachineDriver {
    var machine: StreamMachine
    var model: StreamModel
    /// How long each call takes.
    var latency: (Duration, inout StreamModel) -> Duration = { _, _ in .milliseconds(5) }
    /// Shards whose calls have no response until they time out.
    var silentShards: Set<String> = []
    var callTimeout: Duration = .seconds(10)
    /// What the consumer does; nil takes everything at once.
    var consumer: ((StreamDelivery) -> DeliveryOutcome)?

    /// Everything that was taken, in order, as words: "+A", "A:k=v", "-A".
    private(set) var taken: [String] = []
    private(set) var gaps: [StreamGap] = []
    private(set) var troubles: [DynamoDBError.Kind] = []
    private(set) var bookmarkedAt: Duration?
    private(set) var passes: [[PassFailure]] = []
    private(set) var abandoned: [String] = []
    private(set) var deliveries: [StreamDelivery] = []
    /// Pages being read or waiting for the consumer, and calls of silent shards, at most.
    private(set) var greatestPagesOut = 0
    private(set) var greatestSilent = 0

    private var answers: [(at: Duration, order: Int, input: StreamInput)] = []
    private var counter = 0
    private var agenda: [(at: Duration, change: (inout MachineDriver) -> Void)] = []

    init(
        _ model: StreamModel,
        start: StreamStart = .latest,
        settings: StreamSettings = StreamSettings(),
        seed: UInt64 = 7
    ) {
        machine = StreamMachine(start: start, settings: settings, seed: seed)
        self.model = model
    }

    /// How far this machine's wall clock is ahead of the table's, in milliseconds.
    var skew: Int64 = 0
    /// Whether the service tells its time, to two seconds.
    var tellsTime = false

    var now: StreamTime {
        let table = model.wallMilliseconds
        return StreamTime(
            continuous: model.now,
            wallMilliseconds: table + skew,
            service: tellsTime ? ServiceTime(earliest: table - 1_000, latest: table + 1_000) : nil
        )
    }

    /// Records taken, without the news about shards.
    var records: [String] { taken.filter { $0.contains(":") } }

    func calls(_ prefix: String) -> [String] { model.calls.map(\.call).filter { $0.hasPrefix(prefix) } }

    /// Does something to the model at a moment.
    mutating func at(_ moment: Duration, _ change: @escaping (inout MachineDriver) -> Void) {
        agenda.append((moment, change))
        agenda.sort { $0.at < $1.at }
    }

    /// Sends an input now and whatever follows from it.
    mutating func send(_ input: StreamInput) {
        for action in machine.handle(input, at: now) { perform(action) }
        greatestPagesOut = max(
            greatestPagesOut,
            machine.calls.reads + machine.calls.silent + machine.delivery.queuedPages
        )
        greatestSilent = max(greatestSilent, machine.calls.silent)
    }

    /// Runs until a moment of virtual time.
    mutating func run(until end: Duration) {
        send(.tick)
        while let next = nextMoment(), next <= end { step(to: next) }
        model.now = max(model.now, end)
    }

    /// Runs until `condition` holds; false when it does not by `limit`.
    mutating func run(limit: Duration, until condition: (inout MachineDriver) -> Bool) -> Bool {
        send(.tick)
        while !condition(&self) {
            guard let next = nextMoment(), next <= limit else { return false }
            step(to: next)
        }
        return true
    }

    /// Abandons everything under way, as a cancelled run does.
    mutating func interrupt() {
        answers.removeAll()
        send(.interrupted)
        send(.tick)
    }

    private func nextMoment() -> Duration? {
        [answers.first?.at, agenda.first?.at, machine.nextWake].compactMap { $0 }.min()
    }

    private mutating func step(to moment: Duration) {
        model.now = max(model.now, moment)
        if let first = agenda.first, first.at <= model.now {
            agenda.removeFirst()
            first.change(&self)
        } else if let first = answers.first, first.at <= model.now {
            answers.removeFirst()
            send(first.input)
        } else {
            send(.tick)
        }
    }

    private mutating func answer(_ input: StreamInput, after delay: Duration? = nil) {
        counter += 1
        let wait = delay ?? latency(model.now, &model)
        answers.append((model.now + wait, counter, input))
        answers.sort { ($0.at, $0.order) < ($1.at, $1.order) }
    }

    /// The shard's call ends at once; what it would have brought is read by another one.
    private mutating func abandon(_ shardID: String) {
        let place = answers.firstIndex { answer in
            switch answer.input {
            case .iterator(let id, _), .iteratorFailed(let id, _), .records(let id, _), .recordsFailed(let id, _):
                id == shardID
            default: false
            }
        }
        guard let place else { return }
        let cancelled = StreamModel.error(.cancelled)
        abandoned.append(shardID)
        switch answers.remove(at: place).input {
        case .iterator, .iteratorFailed:
            answer(.iteratorFailed(shardID: shardID, cancelled), after: .milliseconds(1))
        default:
            answer(.recordsFailed(shardID: shardID, cancelled), after: .milliseconds(1))
        }
    }

    private mutating func perform(_ action: StreamAction) {
        switch action {
        case .describe(let cursor):
            do throws(DynamoDBError) {
                answer(.listed(try model.describeStream(exclusiveStart: cursor, childrenOf: nil)))
            } catch { answer(.listingFailed(error)) }
        case .describeChildren(let parent):
            do throws(DynamoDBError) {
                answer(.childrenListed(of: parent, try model.describeStream(exclusiveStart: nil, childrenOf: parent)))
            } catch { answer(.childrenFailed(of: parent, error)) }
        case .getIterator(let shardID, _) where silentShards.contains(shardID):
            model.calls.append((model.now, "GetShardIterator \(shardID)"))
            answer(.iteratorFailed(shardID: shardID, StreamModel.error(.transient)), after: callTimeout)
        case .getRecords(let shardID, _) where silentShards.contains(shardID):
            model.calls.append((model.now, "GetRecords \(shardID)"))
            answer(.recordsFailed(shardID: shardID, StreamModel.error(.transient)), after: callTimeout)
        case .getIterator(let shardID, let start):
            do throws(DynamoDBError) {
                answer(.iterator(shardID: shardID, try model.getShardIterator(shardID, start)))
            } catch { answer(.iteratorFailed(shardID: shardID, error)) }
        case .getRecords(let shardID, let iterator):
            do throws(DynamoDBError) {
                let page = try model.getRecords(iterator, limit: machine.settings.recordLimit)
                answer(.records(shardID: shardID, page))
            } catch { answer(.recordsFailed(shardID: shardID, error)) }
        case .abandon(let shardID): abandon(shardID)
        case .deliver(let delivery):
            deliveries.append(delivery)
            let outcome = consumer?(delivery) ?? .taken
            note(delivery, outcome)
            answer(.delivered(outcome), after: .milliseconds(1))
        case .bookmarked: bookmarkedAt = model.now
        case .gap(let gap): gaps.append(gap)
        case .trouble(_, let error): troubles.append(error.kind)
        case .passEnded(let failures): passes.append(failures)
        }
    }

    private mutating func note(_ delivery: StreamDelivery, _ outcome: DeliveryOutcome) {
        var whole = delivery.items.count
        var partial = 0
        if case .stopped(let items, let records, _) = outcome { (whole, partial) = (items, records) }
        for (index, item) in delivery.items.enumerated() {
            guard index < whole || (index == whole && partial > 0) else { break }
            switch item {
            case .added(let shards): taken += shards.map { "+\($0.id)" }
            case .replayed: break
            case .ended(let shardID): taken.append("-\(shardID)")
            case .records(let shardID, let records):
                for record in records.prefix(index < whole ? records.count : partial) {
                    taken.append("\(shardID):\(Self.word(record))")
                }
            }
        }
    }

    /// "k=v", or "k" for a removal.
    static func word(_ record: StreamRecord) -> String {
        guard case .string(let key) = record.keys["id"] else { return "?" }
        guard let image = record.newImage, case .string(let value) = image["value"] else { return key }
        return "\(key)=\(value)"
    }
}
