import ArgumentParser
import Basics
import FeedClient
import Glibc
import Service

/// `tablecast doctor URL`: opens the feed through whatever lies between, and says what to change there.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find out what lies between here and a Tablecast, and whether it lets a feed through.",
        discussion: """
            Looks at the service's state, HTTP versions and proxies, clocks, buffering (also of compressed streams), idle time-outs, \
            resuming, connection limits and ETags. Ends with status 0 when nothing has to be mended, 1 otherwise.
            """
    )

    @Argument(help: "Address of the service, http://HOST:PORT, also with the path of a proxy.")
    var url: String
    @OptionGroup var access: FeedAccess
    @Option(help: "How long a silent stream is held open, which is about how long it all takes.")
    var idle = "75s"
    @Flag(help: "One JSON object on standard output.")
    var json = false
    @Flag(help: "No colours, also on a terminal. NO_COLOR in the environment does the same.")
    var noColor = false

    /// The server may be asked for a silence of five minutes at most; the probe stays under it.
    private static let idleRange: ClosedRange<Duration> = .seconds(1)...(.seconds(270))

    func run() async throws {
        let address = try FeedAccess.address(url)
        let token = try access.token()
        let certificates = try access.certificates()
        let digits = idle.utf8.allSatisfy { (48...57).contains($0) }
        guard let duration = DurationText.parse(digits ? "\(idle)s" : idle), Self.idleRange.contains(duration) else {
            throw StartUpError(.usage, "--idle '\(idle)': give a time from 1s to 270s, such as 75s")
        }
        if !json, isatty(STDERR_FILENO) == 1 {
            let length = DurationText.format(duration + .seconds(4))
            let note = LineOutput(isQuiet: false)
            note.take(.note("looking at \(address.base); this takes about \(length)"))
            _ = note.flush()
        }
        let seen = await BlockingWork.run { stop -> Observations? in
            var probe = Probe(address, token: token, certificates: certificates, shouldStop: { stop.isAsked })
            let seen = probe.run(idle: duration)
            return stop.isAsked ? nil : seen
        }
        // Stopped half-way: what was seen would tell of our own end.
        guard let seen else { return }
        let findings = Diagnosis.findings(seen)
        try LineOutput.print(
            json
                ? FindingsReport.json(findings, "url", address.base)
                : FindingsReport.text(findings, isColoured: TerminalColour.isWanted(unless: noColor))
        )
        let failed = findings.filter { $0.verdict == .fail }.count
        guard failed == 0 else { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}
