import ArgumentParser
import DynamoSandbox
import Service

/// `tablecast sandbox --port N`: the endpoint that the demo uses, alone.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run an in-memory DynamoDB and Streams endpoint on 127.0.0.1, for trying things out.",
        discussion: "Everything it holds is gone when it stops. Any credentials are accepted."
    )

    @Option(help: "Port to listen on; 0 takes any free one.")
    var port: UInt16 = 8000

    func run() async throws {
        let signals = StopSignals()
        signals.install()
        let sandbox = DynamoSandbox()
        let bound: Int
        do { bound = try sandbox.start(port: Int(port)) } catch { throw StartUpError(.failure, "\(error)") }
        Program.say("http://127.0.0.1:\(bound)")
        _ = await signals.first()
        await sandbox.stop()
    }
}
