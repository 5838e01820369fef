import ArgumentParser
import Service

/// `tablecast healthcheck`: for `HEALTHCHECK` of a container image, and other supervisors that run a program.
struct HealthCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Ask the service of this machine or container whether it is alive.",
        discussion: """
            Reads where the service listens as serve does: --listen, TABLECAST_LISTEN, or the file of --config. Connects to each address \
            directly, never through a proxy. Port 0, and sockets that systemd passed, are known to the running service only: name them \
            with --listen.

            Ends with status 0 and says nothing when each responds 200 within \(HealthCheck.patienceText); otherwise prints one line \
            and ends with status 1.
            """
    )

    @Option(help: ArgumentHelp("Address of the service, as for serve; may be given repeatedly.", valueName: "address"))
    var listen: [String] = []
    @Option(help: ArgumentHelp("File of options, as for serve.", valueName: "file"), completion: .file())
    var config: String?
    @Option(help: "Path of the request: /readyz asks whether the replica is current.")
    var path = HealthCheck.defaultPath

    func run() throws {
        try HealthCheck(listen: listen, configurationFile: config, path: path).run(environment: Program.environment)
    }
}
