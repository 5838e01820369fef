import Basics
package import Logging

/// Makes one line of each record and hands it on. Who writes it is another's business: see `LogQueue`.
package struct LineLogHandler: LogHandler {
    /// The shared threshold, unless this logger was given a level of its own.
    package var logLevel: Logger.Level {
        get { own ?? threshold.level }
        set { own = newValue }
    }
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let threshold: LogThreshold
    private var own: Logger.Level?
    private let label: String
    private let format: LogFormat
    private let write: @Sendable ([UInt8]) -> Void

    /// `write` takes whole lines and must not block: whatever logs would wait with it.
    package init(
        label: String,
        format: LogFormat,
        threshold: LogThreshold,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.format = format
        self.threshold = threshold
        self.write = write
    }

    /// The same with a level that stays.
    package init(
        label: String,
        format: LogFormat,
        level: Logger.Level,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.init(label: label, format: format, threshold: LogThreshold(level), write: write)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        write(
            LogRecord.line(
                format: format,
                milliseconds: SystemClock.wallMilliseconds(),
                label: label,
                level: event.level,
                message: event.message.description,
                metadata: all
            )
        )
    }
}
