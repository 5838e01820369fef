import Basics

/// ReturnConsumedCapacity: what a request cost, if it asks to know.
struct Capacity: Sendable {
    private enum Level: String {
        case none = "NONE"
        case total = "TOTAL"
        /// The table's own part as well. Indexes would follow.
        case indexes = "INDEXES"
    }

    private let level: Level

    init(_ request: Request) throws(SandboxError) {
        let text = try request.choice("ReturnConsumedCapacity", among: ["INDEXES", "TOTAL", "NONE"])
        level = text.flatMap(Level.init) ?? .none
    }

    /// Read units of `bytes`: one per 4 KB, half of it without consistency.
    static func read(_ bytes: Int, consistent: Bool) -> Double {
        Double(max(1, (bytes + 4_095) / 4_096)) * (consistent ? 1 : 0.5)
    }

    /// The one object of the single-table operations.
    func write(_ costs: [(table: String, units: Double)], _ output: inout JSONWriter) {
        guard level != .none, let cost = Self.sums(costs).first else { return }
        output.name("ConsumedCapacity")
        write(cost, namesWrites: false, &output)
    }

    /// The list of the batch operations, with an entry for each table. `namesWrites` says that the units are writes, as
    /// transactions do.
    func writeList(
        _ costs: [(table: String, units: Double)],
        namesWrites: Bool = false,
        _ output: inout JSONWriter
    ) {
        guard level != .none else { return }
        output.name("ConsumedCapacity")
        output.array(Self.sums(costs)) { write($1, namesWrites: namesWrites, &$0) }
    }

    private func write(_ cost: (table: String, units: Double), namesWrites: Bool, _ output: inout JSONWriter) {
        func units(_ output: inout JSONWriter) {
            output.member("CapacityUnits", raw: String(cost.units))
            if namesWrites { output.member("WriteCapacityUnits", raw: String(cost.units)) }
        }
        output.object { output in
            output.member("TableName", cost.table)
            units(&output)
            guard level == .indexes else { return }
            output.name("Table")
            output.object { units(&$0) }
        }
    }

    private static func sums(_ costs: [(table: String, units: Double)]) -> [(table: String, units: Double)] {
        Dictionary(costs.map { ($0.table, $0.units) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
            .map { (table: $0.key, units: $0.value) }
    }
}
