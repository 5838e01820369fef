import Basics

/// ReturnConsumedCapacity: what a request cost, if it asks to know.
struct Capacity: Sendable {
    private let isWanted: Bool

    init(_ request: Request) throws(SandboxError) {
        let level = try request.choice("ReturnConsumedCapacity", among: ["INDEXES", "TOTAL", "NONE"])
        isWanted = level == "TOTAL" || level == "INDEXES"
    }

    /// Read units of `bytes`: one per 4 KB, half of it without consistency.
    static func read(_ bytes: Int, consistent: Bool) -> Double {
        Double(max(1, (bytes + 4_095) / 4_096)) * (consistent ? 1 : 0.5)
    }

    /// The one object of the single-table operations.
    func write(_ costs: [(table: String, units: Double)], _ output: inout JSONWriter) {
        guard isWanted, let cost = Self.sums(costs).first else { return }
        output.name("ConsumedCapacity")
        Self.write(cost, &output)
    }

    /// The list, an entry a table, of the batch operations.
    func writeList(_ costs: [(table: String, units: Double)], _ output: inout JSONWriter) {
        guard isWanted else { return }
        output.name("ConsumedCapacity")
        output.array(Self.sums(costs)) { Self.write($1, &$0) }
    }

    private static func write(_ cost: (table: String, units: Double), _ output: inout JSONWriter) {
        output.object {
            $0.member("TableName", cost.table)
            $0.member("CapacityUnits", raw: String(cost.units))
        }
    }

    private static func sums(_ costs: [(table: String, units: Double)]) -> [(table: String, units: Double)] {
        Dictionary(costs.map { ($0.table, $0.units) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
            .map { (table: $0.key, units: $0.value) }
    }
}
