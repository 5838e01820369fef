import TableModel

/// Reads the members of a table in DescribeTable's response. They only explain a failure: one that cannot be read counts as absent.
extension TableSummaries {
    /// Reads `SSEDescription`.
    mutating func readEncryption(_ json: inout JSONReader) throws(JSONError) {
        try Self.readMembers(&json) { name, value in
            switch name {
            case "KMSMasterKeyArn": encryptionKeyARN = Self.text(value)
            case "InaccessibleEncryptionDateTime": inaccessibleSince = Self.moment(value)
            default: break
            }
        }
    }

    /// Reads `ArchivalSummary`.
    mutating func readArchival(_ json: inout JSONReader) throws(JSONError) {
        try Self.readMembers(&json) { name, value in
            switch name {
            case "ArchivalReason": archivalReason = Self.text(value)
            case "ArchivalDateTime": archivedAt = Self.moment(value)
            case "ArchivalBackupArn": archivalBackupARN = Self.text(value)
            default: break
            }
        }
    }

    /// Reads `RestoreSummary`.
    mutating func readRestore(_ json: inout JSONReader) throws(JSONError) {
        try Self.readMembers(&json) { name, value in
            switch name {
            case "SourceTableArn": restoredFrom = Self.text(value) ?? restoredFrom
            case "SourceBackupArn": restoredFrom = restoredFrom ?? Self.text(value)
            default: break
            }
        }
    }

    private static func readMembers(
        _ json: inout JSONReader,
        _ read: (JSONName, UnsafeRawBufferPointer) -> Void
    ) throws(JSONError) {
        guard try json.peek() == UInt8(ascii: "{") else { return try json.skipValue() }
        try json.beginObject()
        while let name = try json.nextMember() { read(name, try json.skipLoosely()) }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        var json = JSONReader(bytes)
        return try? json.readOptionalString()
    }

    /// Milliseconds from seconds since 1970.
    private static func moment(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var json = JSONReader(bytes)
        return (try? json.readDouble()).flatMap { Int64(exactly: ($0 * 1_000).rounded()) }
    }
}
