import DynamoDBClient

/// The table that is followed, with every part that is known. Every ARN that an endpoint sends is compared with it.
///
/// A name alone says nothing of account, partition and Region. Until the first ARN has come those are unknown; from then on they are
/// the first one's. An endpoint that is compatible with DynamoDB may have identifiers that are no ARNs: nothing can be compared there.
struct TableIdentity: Sendable, Hashable {
    /// The table as the setting names it: by its name or its ARN.
    let reference: String
    /// Nil while no ARN is known.
    private(set) var arn: TableARN?

    init(_ reference: String) {
        self.reference = reference
        arn = TableARN(reference)
    }

    private var isNamedByARN: Bool { reference.hasPrefix("arn:") }

    /// Why a description is not of this table: a configuration failure with a hint; nil when it is.
    func mismatch(_ table: TableDescription) -> ReplicationFailure? {
        let expected = arn?.table ?? reference
        guard table.name.utf8.elementsEqual(expected.utf8) else {
            return foreign("DescribeTable of \(reference) describes a table by the name \(table.name)")
        }
        let tableARN = TableARN(table.arn)
        if isNamedByARN, tableARN == nil {
            return foreign("DescribeTable of \(reference) names the table \"\(table.arn)\", which is not a table's ARN")
        }
        if let first = arn, let difference = tableARN?.difference(from: first) {
            return foreign("DescribeTable of \(reference) describes \(table.arn): \(difference)")
        }
        guard let first = arn ?? tableARN, let streamARN = table.latestStreamARN else { return nil }
        guard let stream = TableARN(streamARN) else {
            guard isNamedByARN else { return nil }
            return foreign(
                "DescribeTable of \(reference) names the stream \"\(streamARN)\", which is not a stream's ARN"
            )
        }
        return stream.difference(from: first).map {
            foreign("DescribeTable of \(reference) names a stream of another table, \(streamARN): \($0)")
        }
    }

    /// Keeps the first ARN that came. For a description that is of this table.
    mutating func learn(_ table: TableDescription) {
        arn = arn ?? TableARN(table.arn) ?? table.latestStreamARN.flatMap { TableARN($0) }
    }

    private func foreign(_ message: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .configuration,
            message: message,
            hint: "Check the table's name or ARN, the credentials' account, the region and the endpoint: "
                + "aws sts get-caller-identity; aws dynamodb describe-table --table-name \(reference)"
        )
    }
}
