/// The time by the clock of DynamoDB, which stamps the records of a stream, as the Date fields of its responses tell it.
public struct ServiceTime: Sendable, Hashable {
    /// Not earlier than this, milliseconds since 1970 UTC.
    public let earliest: Int64
    /// Not later than this, milliseconds since 1970 UTC.
    public let latest: Int64

    /// Names the bounds.
    public init(earliest: Int64, latest: Int64) {
        self.earliest = earliest
        self.latest = latest
    }
}

/// A source of the service's time. This machine's own clock may differ from it by minutes.
public protocol ServiceTimekeeper: Sendable {
    /// The service's time now; nil where it is not known.
    var serviceTime: ServiceTime? { get }
}

extension ServiceTimekeeper {
    /// Not known.
    public var serviceTime: ServiceTime? { nil }
}
