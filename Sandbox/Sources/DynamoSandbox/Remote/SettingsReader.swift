import Basics
import TableModel

/// Reads changes of `SandboxSettings` from JSON: members have the names of its properties, durations end in `Seconds`.
enum SettingsReader {
    private typealias Path<Value> = any WritableKeyPath<SandboxSettings, Value> & Sendable

    private static let counts: [(name: String, most: Int64, path: Path<Int>)] = [
        ("shardsPerStream", Int64(SandboxLimits.shards), \.shardsPerStream),
        ("recordsPerShard", 10_000_000, \.recordsPerShard),
        ("pageBytes", Int64(SandboxLimits.pageBytes), \.pageBytes),
        ("shardsPerListing", SandboxLimits.listPage, \.shardsPerListing),
        ("batchGetBytes", Int64(SandboxLimits.batchGetBytes), \.batchGetBytes),
    ]
    /// Null, which counts as absent elsewhere, removes these bounds.
    private static let bounds: [(name: String, path: Path<Int?>)] = [
        ("scanPageItems", \.scanPageItems), ("describeStreamsPerSecond", \.describeStreamsPerSecond),
    ]
    private static let durations: [(name: String, path: Path<Duration>)] = [
        ("retentionSeconds", \.retention), ("iteratorLifetimeSeconds", \.iteratorLifetime),
        ("latestSlackSeconds", \.latestSlack),
    ]
    private static let flags: [(name: String, path: Path<Bool>)] = [
        ("holdsTransitions", \.holdsTransitions), ("endsShardWithLastRecords", \.endsShardWithLastRecords),
        ("capitalizesUserIdentity", \.capitalizesUserIdentity), ("listsNewestFirst", \.listsNewestFirst),
    ]
    private static let replicaLag = "replicaLagSeconds"

    static let members =
        counts.map(\.name) + bounds.map(\.name) + durations.map(\.name) + flags.map(\.name) + [replicaLag]

    /// Makes every change, or none where one is invalid.
    static func change(_ settings: inout SandboxSettings, _ request: Request) throws(SandboxError) {
        var changed = settings
        for (name, most, path) in counts {
            if let count = try request.integer(name, in: 1...most) { changed[keyPath: path] = Int(count) }
        }
        for (name, path) in bounds where request.members[AttributeName(name)] != nil {
            changed[keyPath: path] = try request.integer(name, in: 1...1_000_000).map { Int($0) }
        }
        for (name, path) in durations {
            if let duration = try request.seconds(name) { changed[keyPath: path] = duration }
        }
        for (name, path) in flags {
            if let flag = try request.bool(name) { changed[keyPath: path] = flag }
        }
        if request.members[AttributeName(replicaLag)] != nil { changed.replicaLag = try request.seconds(replicaLag) }
        settings = changed
    }
}

extension Request {
    /// A number of seconds, perhaps a fraction, of at most ten years either way.
    func seconds(_ name: String) throws(SandboxError) -> Duration? {
        let seconds: Double
        switch value(name) {
        case nil: return nil
        case .integer(let number)?: seconds = Double(number)
        case .double(let number)?: seconds = number
        default: throw RemoteControl.invalid("'\(name)' must be a number of seconds")
        }
        let most = 315_576_000.0
        guard (-most...most).contains(seconds), name == "seconds" || seconds >= 0 else {
            throw RemoteControl.invalid("'\(name)' must be a number of seconds, at most ten years")
        }
        return .milliseconds(Int64(saturating: (seconds * 1_000).rounded()))
    }
}
