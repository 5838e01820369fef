import Basics
import TableModel

/// Reads the members of a table in DescribeTable's response. They only help to plan: one that cannot be read counts as absent.
extension TableCapacity {
    /// Reads `TableSizeBytes`.
    mutating func readSize(_ json: inout JSONReader) throws(JSONError) {
        sizeBytes = Self.number(try json.skipLoosely()).map { max(0, $0) } ?? 0
    }

    /// Reads `ProvisionedThroughput`: its units are 0 for a table that is paid per request.
    mutating func readProvisioned(_ json: inout JSONReader) throws(JSONError) {
        provisionedReadUnits = try Self.units("ReadCapacityUnits", &json)
    }

    /// Reads `OnDemandThroughput`: -1 stands for no bound.
    mutating func readOnDemand(_ json: inout JSONReader) throws(JSONError) {
        maximumReadUnits = try Self.units("MaxReadRequestUnits", &json)
    }

    /// Reads `WarmThroughput`.
    mutating func readWarm(_ json: inout JSONReader) throws(JSONError) {
        warmReadUnits = try Self.units("ReadUnitsPerSecond", &json)
    }

    /// The positive number under `member` of an object; nil for any other.
    private static func units(_ member: StaticString, _ json: inout JSONReader) throws(JSONError) -> Int? {
        guard try json.peek() == UInt8(ascii: "{") else {
            try json.skipValue()
            return nil
        }
        var units: Int?
        try json.beginObject()
        while let name = try json.nextMember() {
            let value = try json.skipLoosely()
            if name == member { units = number(value).flatMap { $0 > 0 ? Int(clamping: $0) : nil } }
        }
        return units
    }

    private static func number(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var json = JSONReader(bytes)
        return (try? json.readDouble()).map { Int64(saturating: $0) }
    }
}
