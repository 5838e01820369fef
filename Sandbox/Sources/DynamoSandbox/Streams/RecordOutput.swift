import Basics
import TableModel

/// One record as GetRecords sends it.
enum RecordOutput {
    static func write(
        _ record: LoggedRecord,
        of stream: TableStream,
        _ settings: SandboxSettings,
        _ output: inout JSONWriter
    ) {
        output.object { output in
            output.member("eventID", identifier(record, stream))
            output.member("eventName", record.event.name)
            output.member("eventVersion", record.eventVersion)
            output.member("eventSource", "aws:dynamodb")
            output.member("awsRegion", settings.region)
            output.name("dynamodb")
            output.object { writeContent(record, stream, &$0) }
            guard record.byTimeToLive else { return }
            output.name("userIdentity")
            output.object {
                $0.member(settings.capitalizesUserIdentity ? "Type" : "type", "Service")
                $0.member(settings.capitalizesUserIdentity ? "PrincipalId" : "principalId", "dynamodb.amazonaws.com")
            }
        }
    }

    private static func writeContent(_ record: LoggedRecord, _ stream: TableStream, _ output: inout JSONWriter) {
        // Whole seconds: the service rounds down, and sends them as a number in scientific notation or not.
        output.member("ApproximateCreationDateTime", raw: String(record.createdAt / 1_000))
        output.name("Keys")
        output.item(record.keys)
        if stream.viewType.showsNewImage, let image = record.newImage {
            output.name("NewImage")
            output.item(image)
        }
        if stream.viewType.showsOldImage, let image = record.oldImage {
            output.name("OldImage")
            output.item(image)
        }
        output.member("SequenceNumber", String(record.sequenceNumber))
        output.member("SizeBytes", record.size)
        output.member("StreamViewType", stream.viewType.rawValue)
    }

    /// 32 hex digits that stay the same whenever the record is read.
    private static func identifier(_ record: LoggedRecord, _ stream: TableStream) -> String {
        ["0", "1"].map { part in
            let bytes = Array("\(part)\(record.sequenceNumber)\(stream.label)".utf8)
            return Hex.text(OrderKey.hash(partition: bytes), width: 16)
        }.joined()
    }
}
