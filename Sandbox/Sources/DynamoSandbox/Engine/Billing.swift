import Basics

/// How a table is paid for, and the capacity that it was given. The sandbox shows it and never throttles by it.
struct Billing: Sendable {
    var mode: Table.BillingMode
    /// ReadCapacityUnits and WriteCapacityUnits; 0 while paid per request.
    var readUnits: Int64 = 0
    var writeUnits: Int64 = 0
    /// When units last went up and down: milliseconds since 1970 UTC.
    var lastIncreaseAt: Int64?
    var lastDecreaseAt: Int64?
    /// When the table last became one that is paid per request; nil for never.
    var onDemandAt: Int64?
    /// OnDemandThroughput; nil for no bound.
    var mostReadUnits: Int64?
    var mostWriteUnits: Int64?

    /// Paid per request from the moment of its creation on.
    static func perRequest(now: Int64) -> Billing { Billing(mode: .payPerRequest, onDemandAt: now) }

    /// The members of a CreateTable; what no one says is PROVISIONED.
    static func new(_ request: Request, now: Int64) throws(SandboxError) -> Billing {
        let mode = try mode(request) ?? .provisioned
        var billing = mode == .payPerRequest ? perRequest(now: now) : Billing(mode: .provisioned)
        let units = try units(request)
        if mode == .provisioned {
            guard let units else { throw missingUnits }
            (billing.readUnits, billing.writeUnits) = units
        } else if units != nil {
            throw needlessUnits
        }
        try billing.readBounds(request)
        return billing
    }

    /// Takes the members of an UpdateTable over.
    mutating func update(_ request: Request, now: Int64) throws(SandboxError) {
        let target = try Self.mode(request) ?? mode
        let units = try Self.units(request)
        if target == .payPerRequest {
            guard units == nil else { throw Self.needlessUnits }
            if mode == .provisioned {
                onDemandAt = now
                (readUnits, writeUnits) = (0, 0)
            }
        } else if let (read, write) = units {
            if mode == .provisioned, read == readUnits, write == writeUnits { throw unchanged(read, write) }
            if mode == .provisioned, read > readUnits || write > writeUnits { lastIncreaseAt = now }
            if mode == .provisioned, read < readUnits || write < writeUnits { lastDecreaseAt = now }
            (readUnits, writeUnits) = (read, write)
        } else if mode == .payPerRequest {
            throw Self.missingUnits
        }
        mode = target
        try readBounds(request)
    }

    /// Adds the members of a table's description.
    func describe(_ output: inout JSONWriter) {
        output.name("ProvisionedThroughput")
        output.object { output in
            if let lastIncreaseAt { output.member("LastIncreaseDateTime", seconds: lastIncreaseAt) }
            if let lastDecreaseAt { output.member("LastDecreaseDateTime", seconds: lastDecreaseAt) }
            output.member("NumberOfDecreasesToday", 0)
            output.member("ReadCapacityUnits", raw: String(readUnits))
            output.member("WriteCapacityUnits", raw: String(writeUnits))
        }
        // A table that was never paid per request has no summary.
        if let onDemandAt {
            output.name("BillingModeSummary")
            output.object {
                $0.member("BillingMode", mode.rawValue)
                $0.member("LastUpdateToPayPerRequestDateTime", seconds: onDemandAt)
            }
        }
        guard mostReadUnits != nil || mostWriteUnits != nil else { return }
        output.name("OnDemandThroughput")
        output.object {
            $0.member("MaxReadRequestUnits", raw: String(mostReadUnits ?? -1))
            $0.member("MaxWriteRequestUnits", raw: String(mostWriteUnits ?? -1))
        }
    }

    private mutating func readBounds(_ request: Request) throws(SandboxError) {
        guard let bounds = try request.object("OnDemandThroughput") else { return }
        if let most = try bounds.integer("MaxReadRequestUnits") { mostReadUnits = most }
        if let most = try bounds.integer("MaxWriteRequestUnits") { mostWriteUnits = most }
    }

    private static func mode(_ request: Request) throws(SandboxError) -> Table.BillingMode? {
        try request.string("BillingMode").flatMap(Table.BillingMode.init)
    }

    private static func units(_ request: Request) throws(SandboxError) -> (read: Int64, write: Int64)? {
        guard let throughput = try request.object("ProvisionedThroughput") else { return nil }
        for name in ["ReadCapacityUnits", "WriteCapacityUnits"] {
            let units = try throughput.integer(name) ?? 0
            guard units <= SandboxLimits.capacityUnits else {
                throw SandboxError.validation("Given value \(units) for \(name) is out of bounds")
            }
        }
        return (
            try throughput.integer("ReadCapacityUnits") ?? 0, try throughput.integer("WriteCapacityUnits") ?? 0
        )
    }

    private static var missingUnits: SandboxError {
        SandboxError.parameters(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    }

    private static var needlessUnits: SandboxError {
        SandboxError.parameters(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    }

    private func unchanged(_ read: Int64, _ write: Int64) -> SandboxError {
        SandboxError.validation(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
                + "Current ReadCapacityUnits provisioned for the table: \(readUnits). Requested ReadCapacityUnits: \(read). "
                + "Current WriteCapacityUnits provisioned for the table: \(writeUnits). Requested WriteCapacityUnits: "
                + "\(write). Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
        )
    }
}
