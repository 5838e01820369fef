/// Which table contents are of: by its ARN where that is known, otherwise by its name.
struct TableName: Sendable, Hashable, CustomStringConvertible {
    /// Everything before the stream's label in its ARN, or else what the upstream calls its table.
    let description: String

    init(_ contents: UpstreamContents) {
        let arn = contents.streamARN.flatMap(Self.table)
        description = arn ?? contents.tableName
    }

    /// Whether account and Region are known.
    var isExact: Bool { description.hasPrefix("arn:") }

    /// Whether both may be one table: where one says nothing of account and Region, the names decide.
    func isSame(as other: TableName) -> Bool { isNamed(other.description) }

    /// Whether an operator who wrote `text`, a name or an ARN, means this table.
    func isNamed(_ text: String) -> Bool {
        if text.hasPrefix("arn:"), isExact { return text == description }
        return Self.name(text) == Self.name(description)
    }

    /// `arn:…:table/NAME` of `arn:…:table/NAME/stream/LABEL`; nil for anything else.
    private static func table(_ arn: String) -> String? {
        let parts = arn.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].hasSuffix(":table"), parts[2] == "stream" else { return nil }
        return "\(parts[0])/\(parts[1])"
    }

    private static func name(_ text: String) -> Substring { text.split(separator: "/").last ?? "" }
}
