/// The Amazon Resource Name of a table or of a stream of it, in its parts:
/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME[/stream/LABEL]` (AWS Service Authorization Reference, DynamoDB).
///
/// A table's name says nothing of its account and Region, so the whole name is carried and compared, never a part of it.
package struct TableARN: Sendable, Hashable, CustomStringConvertible {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    package let partition: String
    /// `dynamodb`; a compatible service may have a name of its own.
    package let service: String
    package let region: String
    package let account: String
    /// The table's name.
    package let table: String
    /// Of a stream: its label, the time of its creation. Nil for a table.
    package let streamLabel: String?

    /// Reads an ARN; nil for anything else, an index's, a backup's and an export's included.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", !parts[2].isEmpty else { return nil }
        let resource = parts[5].split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard resource.count == 2 || (resource.count == 4 && resource[2] == "stream" && !resource[3].isEmpty),
            resource[0] == "table", !resource[1].isEmpty
        else { return nil }
        (partition, service, region, account) = (parts[1], parts[2], parts[3], parts[4])
        table = resource[1]
        streamLabel = resource.count == 4 ? resource[3] : nil
    }

    /// The ARN of the table, of a stream's ARN too.
    package var tableText: String { "arn:\(partition):\(service):\(region):\(account):table/\(table)" }

    /// The ARN as it was read.
    package var description: String { streamLabel.map { "\(tableText)/stream/\($0)" } ?? tableText }

    /// The first part in which this ARN differs from `other`, in words such as `its account is 2, not 1`; nil when both name one table.
    package func difference(from other: TableARN) -> String? {
        let parts = [
            ("partition", partition, other.partition), ("service", service, other.service),
            ("Region", region, other.region), ("account", account, other.account), ("table", table, other.table),
        ]
        for (name, own, expected) in parts where !own.utf8.elementsEqual(expected.utf8) {
            return "its \(name) is \(own), not \(expected)"
        }
        return nil
    }

    /// The name by which policies know DynamoDB in the table's Region (condition key `kms:ViaService`): `dynamodb.REGION.amazonaws.com`.
    package var serviceName: String { "dynamodb.\(region).\(Partition.of(region: region).domain)" }
}
