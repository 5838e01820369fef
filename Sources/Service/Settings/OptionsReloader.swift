import Dispatch
import Logging
import Synchronization
package import Telemetry

/// Reads the file of `--config` again when it is asked to, and applies the log level. What else has changed is named: it needs a restart.
///
/// A file that cannot be used changes nothing. Reading has a queue of its own, because a volume may hang.
package final class OptionsReloader: Sendable {
    private let flags: [String: String]
    private let environment: [String: String]
    /// The settings that the service runs with, but for the log level.
    private let started: ResolvedSettings
    private let threshold: LogThreshold
    private let logger: Logger
    private let queue = DispatchQueue(label: "tablecast.options")
    private let reading = Mutex(Reading.idle)

    /// `readsAgain`: another hang-up came during a read. The file may have changed after that read, so it is read once more.
    private enum Reading { case idle, reading, readsAgain }

    /// `started` are the settings of `flags` and `environment` at the start, `threshold` is what the level is applied to.
    package convenience init(
        _ options: ServeOptions,
        environment: [String: String],
        started: ResolvedSettings,
        threshold: LogThreshold
    ) {
        self.init(
            flags: options.given,
            environment: environment,
            started: started,
            threshold: threshold,
            logger: Logger(label: "tablecast")
        )
    }

    init(
        flags: [String: String],
        environment: [String: String],
        started: ResolvedSettings,
        threshold: LogThreshold,
        logger: Logger
    ) {
        self.flags = flags
        self.environment = environment
        self.started = started
        self.threshold = threshold
        self.logger = logger
    }

    /// The file that is read; nil without one, and then nothing can have changed.
    var path: String? { started.settings.configurationFile }

    /// Begins to read the file; while that is in progress, it is read once more afterwards. Never blocks.
    func begin() {
        guard path != nil else { return }
        let isIdle = reading.withLock { state in
            defer { state = state == .idle ? .reading : .readsAgain }
            return state == .idle
        }
        guard isIdle else { return }
        queue.async { @Sendable in
            repeat { self.reread() } while self.isAskedAgain()
        }
    }

    private func isAskedAgain() -> Bool {
        reading.withLock { state in
            state = state == .readsAgain ? .reading : .idle
            return state == .reading
        }
    }

    /// Reads the file and applies it. Blocks for as long as its volume does.
    func reread() {
        guard let path else { return }
        // Without the patience of a start: that would end the process.
        let resolver = SettingsResolver(flags: flags, environment: environment) { path throws(SettingsError) in
            try SettingsFile(path: path, settings: SettingsTable.settings)
        }
        do throws(SettingsError) {
            let found = try resolver.resolve(defaultTable: started.settings.table)
            apply(found.settings.logLevel, path)
            let changed = started.optionsThatDiffer(from: found).filter { $0 != ProcessOptions.logLevel.name }
            guard !changed.isEmpty else { return }
            let names = changed.joined(separator: ", ")
            logger.warning("these options changed in \(path) and take effect with a restart: \(names)")
        } catch {
            logger.error(
                "the file of options was read again and cannot be used, so all options stay as they are: \(error)"
            )
        }
    }

    private func apply(_ level: Logger.Level, _ path: String) {
        let before = threshold.level
        // The line itself goes out by the more talkative of the two levels.
        if level < before { threshold.level = level }
        let outcome = level == before ? "stays \(level)" : "is \(level) now, and was \(before)"
        logger.notice("the file of options \(path) was read again; the log level \(outcome)")
        threshold.level = level
    }
}

extension ResolvedSettings {
    /// The names of the options that have another value in `other`.
    func optionsThatDiffer(from other: ResolvedSettings, table: [Setting] = SettingsTable.settings) -> [String] {
        table.filter { value(of: $0) != other.value(of: $0) }.map(\.name)
    }

    private func value(of setting: Setting) -> String? { setting.text(in: settings) ?? given[setting.name]?.text }
}
