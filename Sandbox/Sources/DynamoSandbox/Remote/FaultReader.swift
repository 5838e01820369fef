import TableModel

/// Reads a fault from JSON: `{"operation": "GetRecords", "fault": "delay", "seconds": 2, "times": 3}`.
enum FaultReader {
    static let members = [
        "operation", "fault", "times", "shard", "table", "status", "code", "message", "seconds", "bytes", "count",
    ]
    private static let kinds = [
        "error", "html", "empty-object", "truncated", "bad-checksum", "drop-connection", "delay", "trickle",
        "empty-page", "repeated-cursor", "garbled-compression", "repeat-records",
    ]

    static func enqueue(_ request: Request, in faults: FaultQueue) throws(SandboxError) {
        let operation = try operation(request)
        let fault = try fault(request)
        let times = try request.integer("times", in: 1...1_000_000) ?? 1
        guard faults.count < SandboxLimits.waitingFaults else {
            let most = SandboxLimits.waitingFaults
            throw RemoteControl.invalid("\(most) faults are waiting already; clear-faults ends them")
        }
        faults.enqueue(
            operation,
            fault,
            times: Int(times),
            shard: try request.string("shard"),
            table: try request.string("table")
        )
    }

    /// The member `operation`, by its AWS name.
    static func operation(_ request: Request) throws(SandboxError) -> SandboxOperation {
        let name = try request.string("operation") ?? ""
        guard let operation = SandboxOperation(rawValue: name) else {
            let all = SandboxOperation.allCases.map(\.rawValue).joined(separator: ", ")
            throw RemoteControl.invalid("no operation '\(name)'; there are \(all)")
        }
        return operation
    }

    private static func fault(_ request: Request) throws(SandboxError) -> SandboxFault {
        let kind = try request.string("fault") ?? ""
        switch kind {
        case "error":
            return .error(
                status: try status(request, or: 400),
                code: try request.string("code") ?? "InternalServerError",
                message: try request.string("message") ?? ""
            )
        case "html": return .html(status: try status(request, or: 503))
        case "empty-object": return .emptyObject
        case "truncated": return .truncated
        case "bad-checksum": return .badChecksum
        case "drop-connection": return .dropConnection
        case "delay": return .delay(try request.seconds("seconds") ?? .seconds(1))
        case "trickle":
            let bytes = try request.integer("bytes", in: 1...1_000_000) ?? 16
            return .trickle(bytes: Int(bytes), interval: try request.seconds("seconds") ?? .milliseconds(100))
        case "empty-page": return .emptyPage
        case "repeated-cursor": return .repeatedCursor
        case "garbled-compression": return .garbledCompression
        case "repeat-records": return .repeatRecords(count: Int(try request.integer("count", in: 1...1_000) ?? 1))
        default:
            throw RemoteControl.invalid("no fault '\(kind)'; there are \(kinds.joined(separator: ", "))")
        }
    }

    private static func status(_ request: Request, or standard: Int) throws(SandboxError) -> Int {
        Int(try request.integer("status", in: 400...599) ?? Int64(standard))
    }
}
