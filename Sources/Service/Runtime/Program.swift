package import ArgumentParser
import DynamoDBClient
import Glibc
import Logging
package import Telemetry

/// The process around a command: variables, log, exit status. What it prints is one line.
package enum Program {
    /// The process's environment variables.
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }

    /// Sends log records to standard error in the form and from the level that `settings` ask for. Once a process.
    package static func startLogging(_ settings: Settings) {
        let format = settings.logFormat
        logThreshold.level = settings.logLevel
        let limits = LogQueueLimits()
        let inlet = LogQueue.standardError.log(limits: limits) { count in
            LogRecord.line(
                format: format,
                label: "tablecast.log",
                level: .warning,
                message:
                    "\(count) log lines are missing here: the log is read too slowly; at most \(limits.waitingLines) wait",
                metadata: [:]
            )
        }
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, format: format, threshold: logThreshold) { inlet.put($0) }
        }
    }

    /// The least level of the log's lines.
    package static let logThreshold = LogThreshold(.info)

    /// The settings of flags, variables and a file, in force: from here on the log and crashes are as they say.
    package static func settings(_ options: ServeOptions, defaultTable: String = "") throws(SettingsError) -> Settings {
        try resolved(options, defaultTable: defaultTable).settings
    }

    /// The same with the origins of the settings, as `OptionsReloader` needs them.
    package static func resolved(
        _ options: ServeOptions,
        defaultTable: String = ""
    ) throws(SettingsError) -> ResolvedSettings {
        let resolver = SettingsResolver(flags: options.given, environment: environment)
        let resolved = try resolver.resolve(defaultTable: defaultTable)
        if !resolved.settings.crashDumps { CrashDumps.forbid() }
        startLogging(resolved.settings)
        return resolved
    }

    /// The service manager that started this process. Its variables are not in `environment` any more.
    package static let supervisor = Supervisor.take()

    /// Runs the command line's command of `root` and ends the process.
    package static func run<Root: ParsableCommand>(_ root: Root.Type) async -> Never {
        Allocator.limitArenas(for: .current, environment: environment)
        StopSignals.endAtQuit()
        HeldSignals.hold()
        StandardDescriptors.fill()
        _ = supervisor
        StopSignals.ignoreBrokenPipes()
        do {
            try ServeOptions.checkSwitches(CommandLine.arguments)
            var command = try root.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                HeldSignals.release()
                try command.run()
            }
            end(.stopped)
        } catch {
            end(root, error)
        }
    }

    private static func end<Root: ParsableCommand>(_ root: Root.Type, _ error: any Error) -> Never {
        // A command that has said what there is to say ends with a status alone.
        if let error = error as? ExitCode { end(ExitStatus(rawValue: error.rawValue) ?? .failure) }
        if root.exitCode(for: error).isSuccess {
            say(root.fullMessage(for: error))
            end(.stopped)
        }
        let (line, status) = verdict(root, error)
        complain(line)
        end(status)
    }

    /// Ends the process: what it has said goes out first, as far as somebody reads it. What the C library does at an exit must not
    /// block it either.
    private static func end(_ status: ExitStatus) -> Never {
        let limits = StopLimits()
        LogQueue.standardError.flush(within: limits.logPatience)
        LogQueue.standardOutput.flush(within: limits.logPatience)
        LastResort(limits: limits).arm(after: limits.logPatience, status: status, nil)
        ProcessGroups.shared.endAll()
        exit(status.rawValue)
    }

    /// Ends the process at once, with the programs that it runs and without what the C library does at an exit.
    static func endNow(_ status: Int32) -> Never {
        ProcessGroups.shared.endAll()
        _exit(status)
    }

    /// Where lines go that tell why the process ends. A log of its own: a full one must not keep them out.
    private static let complaints = LogQueue.standardError.log { count in
        Array("tablecast: \(count) lines are missing here\n".utf8)
    }

    /// Puts a line for the operator on its way to standard error, and does not wait for it.
    package static func complain(_ line: String) { complaints.put(Array("tablecast: \(line)\n".utf8)) }

    /// The line and the status of an error.
    static func verdict<Root: ParsableCommand>(_ root: Root.Type, _ error: any Error) -> (String, ExitStatus) {
        let name = root.configuration.commandName ?? "tablecast"
        return switch error {
        case let error as StartUpError: (error.description, error.status)
        case let error as SettingsError: (error.description, error.status)
        default:
            ("\(root.message(for: error).split(separator: "\n").joined(separator: " ")); see \(name) --help", .usage)
        }
    }

    /// Puts a text on its way to standard output, and does not wait for its reader: for what is said while the service runs.
    package static func announce(_ text: String) { announcements.put(Array("\(text)\n".utf8)) }

    private static let announcements = LogQueue.standardOutput.log { _ in [] }

    /// Prints to standard output at once: a pipe would otherwise keep it in a buffer.
    package static func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}
