import ArgumentParser
import DynamoSandbox

/// `dynamo-sandbox --port N`: the endpoint alone, in a process of its own.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dynamo-sandbox",
        abstract: "Run an in-memory DynamoDB and DynamoDB Streams endpoint on 127.0.0.1.",
        discussion: """
            Prints its URL and runs until SIGTERM or SIGINT. Everything it holds is gone when it stops. Any credentials are accepted.
            POST /_sandbox/NAME splits, rotates and trims shards, expires items, moves the clock and injects faults: see
            Sandbox/README.md.
            """
    )

    @Option(help: "Port to listen on; 0 takes any free one.")
    var port: UInt16 = 8000
    @Option(help: "Shards that a new stream starts with, 1 to 10000.")
    var shards = SandboxSettings().shardsPerStream
    @Option(help: "The Region in ARNs and records.")
    var region = SandboxSettings().region
    @Option(help: "The account in ARNs: 12 digits.")
    var accountID = SandboxSettings().accountID

    func validate() throws {
        guard (1...10_000).contains(shards) else {
            throw ValidationError("--shards \(shards): give a number from 1 to 10000")
        }
        guard accountID.utf8.count == 12, accountID.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw ValidationError("--account-id '\(accountID)': give 12 digits, such as 123456789012")
        }
        guard !region.isEmpty, !region.utf8.contains(where: { $0 == 0x3A || $0 <= 0x20 }) else {
            throw ValidationError("--region '\(region)': give the name of a Region, such as eu-central-1")
        }
    }

    func run() async throws {
        let stop = StopRequest()
        var settings = SandboxSettings()
        settings.shardsPerStream = shards
        settings.region = region
        settings.accountID = accountID
        let sandbox = DynamoSandbox(settings: settings)
        let bound = try sandbox.start(port: Int(port))
        Output.say("http://127.0.0.1:\(bound)")
        await stop.wait()
        await sandbox.stop()
    }
}
