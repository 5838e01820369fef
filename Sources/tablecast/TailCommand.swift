import ArgumentParser
import Basics
import FeedClient
import Glibc
import Service

/// `tablecast tail URL`: follows a feed in a terminal.
struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow the changes of a table that a Tablecast serves.",
        discussion: """
            Reconnects and resumes by itself; nothing is lost. After a crash, --position-file can repeat lines. Changes go to \
            standard output, notes to standard error. Ends with status 0 when it was asked to: Ctrl-C, SIGTERM, --limit, \
            --timeout, or a reader such as head that leaves.
            """
    )

    @Argument(
        help:
            "Address of the service, http://HOST:PORT, also with the path of a proxy, or of a feed with its parameters."
    )
    var url: String
    @OptionGroup var access: FeedAccess
    @Option(help: "Begin with everything (0), with what comes next (now), or after a position.")
    var since: String?
    @Option(help: "Begin with the items there are: auto, always or never.")
    var snapshot: String?
    @Option(help: "Only this partition key.")
    var pk: String?
    @Option(help: "Only this sort key.")
    var sk: String?
    @Option(help: "Only sort keys that begin so.")
    var skPrefix: String?
    @Option(help: "Only sort keys from this one on.")
    var skFrom: String?
    @Option(help: "Only sort keys up to this one.")
    var skTo: String?
    @Option(help: "Form of the keys above: text, or base64url for keys that no argument can hold.")
    var keyEncoding: String?
    @Option(name: .customLong("where"), help: "Only items for which this holds, such as 'total > 100'.")
    var predicate: String?
    @Option(help: "Only these attributes, with commas between them.")
    var fields: String?
    @Option(help: "Only these operations: put or remove.")
    var op: String?
    @Option(help: "latest: the newest state of each key; all: every step.")
    var mode: String?
    @Option(help: "What a change tells of the state before: none, old or patch.")
    var diff: String?
    @Option(help: "Form of the items: plain or dynamodb.")
    var format: String?
    @Option(help: "Form of numbers: number or string.")
    var numbers: String?
    @Option(help: "End after so many changes.")
    var limit: Int?
    @Option(help: "End after this time, such as 30s.")
    var timeout: String?
    @Option(help: "Keep the position in this file, and go on from it.")
    var positionFile: String?
    @Flag(help: "One JSON object a line for each change.")
    var json = false
    @Flag(help: "No colours, also on a terminal. NO_COLOR in the environment does the same.")
    var noColor = false
    @Flag(help: "No notes on standard error.")
    var quiet = false

    func run() async throws {
        var request = try self.request()
        let token = try access.token()
        let certificates = try access.certificates()
        let style = self.style
        let output = LineOutput(isQuiet: quiet)
        let keeper = positionFile.map { PositionKeeper(path: $0) }
        if let keeper, since == nil { request.lastEventID = try keeper.load() }
        let followed = request
        let outcome = await BlockingWork.run { stop in
            var surroundings = TailSession.Surroundings(
                pause: { stop.pause($0) },
                shouldStop: { stop.isAsked || LineOutput.isReaderGone },
                write: { output.take($0) },
                flush: { output.flush() }
            )
            if let keeper {
                surroundings.keep = { position in
                    if let trouble = keeper.keep(position) { output.take(.note(trouble)) }
                }
            }
            var session = TailSession(
                followed,
                token: token,
                certificates: certificates,
                style: style,
                surroundings: surroundings
            )
            return session.run()
        }
        try end(outcome, output, keeper)
    }

    private func end(_ outcome: TailSession.Outcome, _ output: LineOutput, _ keeper: PositionKeeper?) throws {
        let position: String?
        switch outcome {
        case .stopped(let last): position = last
        case .failed(_, let last): position = last
        }
        if let position {
            keeper?.finish(position)
            output.take(.note("to go on from here: --since \(position)"))
        }
        let delivery = output.flush()
        if case .failed(let words, _) = outcome { throw StartUpError(.failure, words) }
        if case .failed(let words) = delivery { throw StartUpError(.failure, words) }
        if let trouble = keeper?.trouble { throw StartUpError(.failure, trouble) }
    }

    private var style: TailRenderer.Style {
        if json { return .json }
        let environment = Program.environment
        let isPlain =
            noColor || !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
            || isatty(STDOUT_FILENO) == 0
        return isPlain ? .plain : .coloured
    }

    private func request() throws(StartUpError) -> TailRequest {
        var request = TailRequest(try FeedAccess.address(url))
        let given: [(String, String?)] = [
            ("since", since), ("pk", pk), ("sk", sk), ("sk_prefix", skPrefix), ("sk_from", skFrom), ("sk_to", skTo),
            ("key_encoding", keyEncoding),
            ("where", predicate), ("fields", fields), ("op", op), ("mode", mode), ("diff", diff), ("format", format),
            ("numbers", numbers),
        ]
        request.parameters = given.compactMap { name, value in value.map { TailRequest.Parameter(name, $0) } }
        request.snapshot = snapshot
        if let limit {
            guard limit > 0 else { throw StartUpError(.usage, "--limit \(limit): give a number from 1 on") }
            request.limit = limit
        }
        if let timeout {
            guard let duration = DurationText.parse(timeout) else {
                throw StartUpError(.usage, "--timeout '\(timeout)': give a duration such as 500ms, 30s or 5m")
            }
            request.timeout = duration
        }
        return request
    }
}
