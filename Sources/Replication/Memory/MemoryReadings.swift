import Basics

/// A bound on the memory of this process.
package struct MemoryLimit: Sendable, Hashable {
    /// The origin of a limit.
    package enum Source: String, Sendable, Hashable {
        case option = "--max-memory"
        case controlGroup = "control group"
        case machine
    }

    package let bytes: Int64
    package let source: Source

    /// A limit of `bytes`.
    package init(bytes: Int64, source: Source) {
        self.bytes = bytes
        self.source = source
    }

    /// The advice where the table does not fit.
    static let remedy =
        "Give the container or machine more memory (and raise --max-memory where it is set), leave large attributes out with "
        + "--ignore-attributes"

    /// Bytes up to which memory is filled with contents.
    package var fillBytes: Int64 { MemoryRule(self).markBytes }

    /// The limit in words.
    var text: String { "\(ByteText.format(bytes)) (\(source.rawValue))" }
}

/// The memory of this process, as the system tells it.
package struct MemoryReadings: Sendable {
    /// The limit as it is now, since a container's can be changed while it runs; nil without one.
    package let limit: @Sendable () -> MemoryLimit?
    /// Bytes in use; nil where the system does not say.
    package let used: @Sendable () -> Int64?
    /// Gives freed memory back to the system.
    let release: @Sendable () -> Void

    /// Readings by these functions, which any thread may call.
    package init(
        limit: @escaping @Sendable () -> MemoryLimit?,
        used: @escaping @Sendable () -> Int64?,
        release: @escaping @Sendable () -> Void
    ) {
        self.limit = limit
        self.used = used
        self.release = release
    }

    /// A process without a limit.
    package static let unlimited = MemoryReadings(limit: { nil }, used: { nil }, release: {})
}
