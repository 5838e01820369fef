import API
import ArgumentParser
import Service

/// `tablecast`: the commands and the version.
struct TablecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tablecast",
        abstract: "Serves a live, in-memory replica of a DynamoDB table over HTTP.",
        discussion: """
            Every option of serve is also an environment variable (--poll-interval is TABLECAST_POLL_INTERVAL) and a name in the \
            file of --config. Flags win over variables, and variables over the file.

            Exit status: 0 asked to stop, 1 failed at run time, 2 wrong usage, 78 a configuration that cannot work.
            """,
        version: "tablecast \(Build.version)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, ConfigCommand.self, IAMPolicyCommand.self,
            HealthCheckCommand.self, TailCommand.self, DoctorCommand.self, MovedDemoCommand.self,
            MovedSandboxCommand.self,
        ]
    )

    /// Without a command there is nothing to do: the help says what there is, and the status that something is missing.
    func run() async throws {
        Program.complain("give a command, such as serve --table NAME\n\n\(Self.helpMessage())")
        throw ExitCode(ExitStatus.usage.rawValue)
    }
}
