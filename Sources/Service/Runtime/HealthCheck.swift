import Basics
import HTTPServer

/// Asks the service that has the same settings whether it is alive.
package struct HealthCheck: Sendable {
    /// Alive, not current: a replica that loads a large table is healthy.
    package static let defaultPath = "/livez"
    /// How long all of it may take: less than the time-out of a supervisor, which would not say why.
    private static let patience = Duration.seconds(2)
    /// `patience` in words.
    package static var patienceText: String { DurationText.format(patience) }

    private let flags: [String: String]
    private let path: String

    /// `listen` and `configurationFile` are as for `serve`.
    package init(listen: [String], configurationFile: String?, path: String) throws(StartUpError) {
        guard HealthProbe.isPath(path) else {
            throw StartUpError(
                .usage,
                "--path '\(Excerpt.of(path))': give a path such as \(Self.defaultPath) or /readyz"
            )
        }
        var flags: [String: String] = [:]
        if !listen.isEmpty { flags[AccessOptions.listen.name] = listen.joined(separator: ",") }
        flags[ProcessOptions.configurationFile.name] = configurationFile
        self.flags = flags
        self.path = path
    }

    /// Throws, with status 1, unless each address of the settings responds 200 in time.
    package func run(environment: [String: String]) throws(StartUpError) {
        let patience = Self.patience
        // A file and a name server may take as long as they like.
        let lastResort = LastResort(limits: StopLimits())
        lastResort.arm(
            after: patience + .milliseconds(500),
            status: .failure,
            "the health check failed: the file of options or the name of an address was not there within \(Self.patienceText)"
        )
        defer { lastResort.disarm() }
        let start = SystemClock.suspending()
        let settings: Settings
        do throws(SettingsError) {
            let resolver = SettingsResolver(flags: flags, environment: environment)
            settings = try resolver.resolve(defaultTable: "any").settings
        } catch { throw StartUpError(.failure, error.description) }
        let addresses = settings.listen
        let probe = HealthProbe(
            path: path,
            protocolSources: settings.proxies.protocolSources,
            within: patience,
            of: start
        )
        // A port that nobody can know is left to those that are known.
        let known = addresses.filter { $0.port != 0 }
        for address in known.isEmpty ? addresses : known {
            do throws(HealthProbe.Failure) { try probe.check(address) } catch {
                throw StartUpError(.failure, Self.line(error, address, path: path))
            }
        }
    }

    /// A line for the operator.
    static func line(_ failure: HealthProbe.Failure, _ address: ListenAddress, path: String) -> String {
        let (cause, hint): (String, String) =
            switch failure {
            case .unknownPort:
                (
                    "the running service alone knows its port",
                    "Name it with --listen, or give the service a port of its own"
                )
            case .unresolved(let cause): (cause, "Name an address of the service with --listen")
            case .notConnected(let cause):
                (
                    cause,
                    "Check that the service runs, and that --listen, TABLECAST_LISTEN or --config are the same here as there"
                )
            case .timedOut(let patience):
                (
                    "no response within \(DurationText.format(patience))",
                    "The service is stopped, or has more work than it can do: see its log"
                )
            case .closed(let cause): (cause, "See the log of the service")
            case .notHTTP: ("the response is not HTTP", "Check that it is the service that listens there")
            case .status(let status): ("status \(status)", "See the log of the service, and /v1/status")
            }
        return "the health check of \(address) \(path) failed: \(cause). \(hint)."
    }
}
