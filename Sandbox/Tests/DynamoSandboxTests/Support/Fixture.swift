import DynamoSandbox
import TableModel

/// A sandbox on a clock that stands still, with calls and answers as JSON text.
struct Fixture {
    let clock = SandboxClock.manual(at: 1_700_000_000_123)
    let sandbox: DynamoSandbox

    /// `shards` is how many a new stream starts with.
    init(shards: Int = 1, _ change: (inout SandboxSettings) -> Void = { _ in }) {
        var settings = SandboxSettings()
        settings.shardsPerStream = shards
        change(&settings)
        sandbox = DynamoSandbox(clock: clock, settings: settings)
    }

    /// A sandbox with the tables `plain` (id) and `pair` (id, pos as number), both with streams of both images.
    static func withTables(shards: Int = 1, _ change: (inout SandboxSettings) -> Void = { _ in }) throws -> Fixture {
        let fixture = Fixture(shards: shards, change)
        try fixture.sandbox.createTable("plain", Fixture.plain)
        try fixture.sandbox.createTable("pair", Fixture.pair)
        return fixture
    }

    static let plain = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    static let pair = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "pos", type: .number)
    )

    /// Does a call and gives back its answer's JSON.
    @discardableResult
    func call(_ operation: SandboxOperation, _ json: String) throws(SandboxError) -> String {
        String(decoding: try sandbox.perform(operation, Array(json.utf8)), as: UTF8.self)
    }

    /// The error that a call ends with; nil when it succeeds.
    func error(_ operation: SandboxOperation, _ json: String) -> SandboxError? {
        do throws(SandboxError) {
            try call(operation, json)
            return nil
        } catch {
            return error
        }
    }

    /// The sentence that a call is refused with.
    func refusal(_ operation: SandboxOperation, _ json: String) -> String? {
        error(operation, json)?.message
    }

    func put(_ id: String, _ number: Int, into table: String = "plain") throws(SandboxError) {
        try sandbox.put(["id": .string(id), "n": .number(String(number))], into: table)
    }

    /// The item of `plain` with this id.
    func item(_ id: String) throws(SandboxError) -> [AttributeName: AttributeValue]? {
        try sandbox.item(["id": .string(id)], in: "plain")
    }
}

extension String {
    /// The text between the first `start` and the next `end`; nil when they do not occur.
    func between(_ start: String, _ end: String) -> String? {
        guard let first = ranges(of: start).first else { return nil }
        let rest = self[first.upperBound...]
        guard let last = rest.ranges(of: end).first else { return nil }
        return String(rest[..<last.lowerBound])
    }

    /// Every text between `start` and the next `end`.
    func all(between start: String, _ end: String) -> [String] {
        split(separator: start, omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.ranges(of: end).first.map { String(part[..<$0.lowerBound]) }
        }
    }
}
