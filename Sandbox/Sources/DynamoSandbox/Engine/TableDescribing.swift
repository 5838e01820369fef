import Basics
import TableModel

/// DescribeTable's response, which CreateTable, UpdateTable and DeleteTable give too.
extension Engine {
    /// `status` is what the response says where it differs from the table's own: CREATING in CreateTable's.
    func description(of name: String, as member: String, status: Table.Status? = nil) -> [UInt8] {
        guard let table = tables[name] else { return [] }
        return JSONWriter.object { output in
            output.name(member)
            output.object { output in
                output.name("AttributeDefinitions")
                output.array([table.schema.partition, table.schema.sort].compactMap { $0 }) { output, attribute in
                    output.object {
                        $0.member("AttributeName", attribute.name)
                        $0.member("AttributeType", attribute.type.rawValue)
                    }
                }
                output.member("TableName", table.name)
                output.keySchema(table.schema)
                output.member("TableStatus", table.obstruction?.obstacle.status ?? (status ?? table.status).rawValue)
                output.member("CreationDateTime", seconds: table.createdAt)
                table.billing.describe(&output)
                output.member("TableSizeBytes", table.bytes)
                output.member("ItemCount", table.items.count)
                output.member("TableArn", table.arn)
                output.member("TableId", Self.identifier(table.arn, table.createdAt))
                if let storageClass = table.storageClass {
                    output.name("TableClassSummary")
                    output.object { $0.member("TableClass", storageClass.rawValue) }
                }
                output.member("DeletionProtectionEnabled", table.isProtected)
                table.obstruction?.describe(&output)
                Self.describeStream(of: table, streams, &output)
            }
        }
    }

    private static func describeStream(
        of table: Table,
        _ streams: [String: TableStream],
        _ output: inout JSONWriter
    ) {
        if table.streamEnabled, let viewType = table.streamViewType {
            output.name("StreamSpecification")
            output.object {
                $0.member("StreamEnabled", true)
                $0.member("StreamViewType", viewType.rawValue)
            }
        }
        if let arn = table.latestStreamARN, let stream = streams[arn] {
            output.member("LatestStreamLabel", stream.label)
            output.member("LatestStreamArn", arn)
        }
    }

    /// A UUID's shape from the table's identity, the same whenever it is asked for.
    private static func identifier(_ arn: String, _ createdAt: Int64) -> String {
        let hashes = ["a", "b"].map { OrderKey.hash(partition: Array("\($0)\(arn)\(createdAt)".utf8)) }
        let digits = hashes.map { Hex.text($0, width: 16) }.joined()
        var identifier = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { identifier.append("-") }
            identifier.append(digit)
        }
        return identifier
    }
}

extension JSONWriter {
    mutating func keySchema(_ schema: KeySchema) {
        name("KeySchema")
        array([(schema.partition, "HASH")] + (schema.sort.map { [($0, "RANGE")] } ?? [])) { output, element in
            output.object {
                $0.member("AttributeName", element.0.name)
                $0.member("KeyType", element.1)
            }
        }
    }
}
