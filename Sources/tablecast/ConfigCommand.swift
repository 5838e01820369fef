import ArgumentParser
import Service

/// `tablecast config`: prints the options that `serve` would run with.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every option of serve, its effective value and where that comes from.",
        discussion: """
            Takes the options of serve and reads the same variables and file. Invalid ones are reported as at a start.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "A table in columns, or one JSON object.")
    var format = Format.text
    @Flag(help: ArgumentHelp("Print the tables of Documentation/configuration.md.", visibility: .hidden))
    var reference = false
    @OptionGroup var options: ServeOptions

    func run() throws {
        if reference { return Program.say(SettingsReference.markdown) }
        let resolver = SettingsResolver(flags: options.given, environment: Program.environment)
        let report = SettingsReport(try resolver.resolve())
        Program.say(format == .json ? report.json : report.text)
    }
}
