import Basics

/// The limits' times in nanoseconds.
struct Timeouts {
    let head: Int64
    let body: Int64
    let bodyGrace: Int64
    let bodyByte: Int64
    let keepAlive: Int64
    let writeStall: Int64
    let linger: Int64
    let responseGrace: Int64
    let responseByte: Int64
    let pressureGrace: Int64
    let evictableIdle: Int64

    init(_ limits: HTTPServerLimits) {
        head = limits.headTimeout.wholeNanoseconds
        body = limits.bodyTimeout.wholeNanoseconds
        bodyGrace = limits.bodyGrace.wholeNanoseconds
        bodyByte = 1_000_000_000 / Int64(max(1, limits.bodyBytesPerSecond))
        keepAlive = limits.keepAliveTimeout.wholeNanoseconds
        writeStall = limits.writeStallTimeout.wholeNanoseconds
        linger = limits.lingerTimeout.wholeNanoseconds
        responseGrace = limits.responseGrace.wholeNanoseconds
        responseByte = 1_000_000_000 / Int64(max(1, limits.responseBytesPerSecond))
        pressureGrace = limits.pressureGrace.wholeNanoseconds
        evictableIdle = limits.evictableIdle.wholeNanoseconds
    }

    /// How long the parser may be in its phase.
    func limit(of parser: borrowing RequestParser) -> Int64 {
        switch parser.phase {
        case .idle: keepAlive
        case .head: head
        // Bytes that have come buy time for the rest.
        case .body: min(body, bodyGrace + Int64(parser.bodyCount) * bodyByte)
        }
    }
}
