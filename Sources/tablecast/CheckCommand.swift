import ArgumentParser
import Basics
import Service
import TableCheck

/// `tablecast check --table NAME`: says whether a table can be followed from here, and what to change.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a table can be followed from here, at what cost, and what to change.",
        discussion: """
            Takes the options of serve and reads the same variables and file. Makes each call of a replica once: a few read capacity \
            units are used, and nothing is written. Looks at credentials, Region, endpoints and clock, each IAM action, the table, \
            its stream and other readers, and the memory and scan that its size costs.

            Ends with status 0 when nothing has to be changed, 1 otherwise, and 78 when the settings cannot work.
            """
    )

    @Flag(help: "One JSON object on standard output.")
    var json = false
    @Flag(help: "No colours, also on a terminal. NO_COLOR in the environment does the same.")
    var noColor = false
    @OptionGroup var options: ServeOptions

    func run() async throws {
        let settings = try Program.settings(options)
        let seen = try await TableInspection(settings: settings, environment: Program.environment).run()
        let findings = TableFindings.findings(seen)
        try LineOutput.print(
            json
                ? FindingsReport.json(findings, "table", seen.table)
                : FindingsReport.text(findings, isColoured: TerminalColour.isWanted(unless: noColor))
        )
        guard !findings.contains(where: { $0.verdict == .fail }) else { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}
