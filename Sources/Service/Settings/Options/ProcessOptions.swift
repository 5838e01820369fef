import Logging
import Telemetry

/// The process: its log, its end, and the file of its options.
enum ProcessOptions: SettingGroup {
    static let title = "Process"
    /// The option that names the file of the others.
    static let configurationFile = Setting(
        "config",
        \.configurationFile,
        SettingKind.path("file", .file).optional,
        example: "/etc/tablecast.json",
        "File of options.",
        seeAlso: "See [A file of options](#a-file-of-options)."
    )
    /// The option that a running process takes over from a changed file (`OptionsReloader`).
    static let logLevel = Setting(
        "log-level",
        \.logLevel,
        .choice,
        example: "debug",
        "Least level of the lines in the log.",
        seeAlso: "SIGHUP applies a new one: see [Signals](operations.md#signals)."
    )
    static let settings = [
        configurationFile,
        logLevel,
        Setting(
            "log-format",
            \.logFormat,
            .choice,
            example: "json",
            "Form of the log: one record on each line of standard error."
        ),
        Setting(
            "access-log",
            \.accessLog,
            .toggle,
            example: "on",
            "Log every request as one JSON object.",
            seeAlso: "See [Operations](operations.md#the-access-log)."
        ),
        Setting(
            "server-timing",
            \.serverTiming,
            .toggle,
            example: "on",
            "Add the field `Server-Timing: app;dur=0.031` (milliseconds) to every response."
        ),
        Setting(
            "start-timeout",
            \.startTimeout,
            startTimeout,
            default: "10s with a terminal, otherwise 0",
            example: "30s",
            "Time that a start waits for a usable response of DynamoDB or its stream; 0 waits until it comes.",
            seeAlso: "See [Starting](operations.md#starting)."
        ),
        Setting(
            "drain-delay",
            \.drainDelay,
            wait.optional,
            default: "5s in Kubernetes, otherwise 0s",
            example: "10s",
            "Time between \"not ready\" and draining, for load balancers.",
            seeAlso: "See [Stopping](operations.md#stopping)."
        ),
        Setting(
            "shutdown-grace",
            \.shutdownGrace,
            wait,
            example: "20s",
            "Time that requests and streams get to end.",
            seeAlso: "See [Stopping](operations.md#stopping)."
        ),
    ]

    /// `0` needs no unit.
    private static let startTimeout: SettingKind<Duration?> = {
        let kind = SettingKind<Duration>.duration(.zero...(.seconds(86_400)))
        return SettingKind(form: kind.form, read: { kind.read($0 == "0" ? "0s" : $0) }, text: kind.text).optional
    }()
    private static let wait = SettingKind.duration(.zero...(.seconds(300)))
}
