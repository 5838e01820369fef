import ArgumentParser
import Service

/// A command that has become a program of its own: says which one, whatever follows on the command line.
protocol MovedCommand: ParsableCommand {
    /// The end of the sentence that says where the command is now.
    static var place: String { get }
}

extension MovedCommand {
    func run() throws {
        let name = Self.configuration.commandName ?? ""
        Program.complain("'\(name)' is no command of this program any more: \(Self.place)")
        throw ExitCode(ExitStatus.usage.rawValue)
    }
}

/// `tablecast demo`, which is now `tablecast-demo`.
struct MovedDemoCommand: MovedCommand {
    static let configuration = CommandConfiguration(commandName: "demo", shouldDisplay: false)
    static let place = "run scripts/demo, or build the demo with `swift build --product tablecast-demo`"

    @Argument(parsing: .captureForPassthrough) var rest: [String] = []
}

/// `tablecast sandbox`, which is now `dynamo-sandbox`.
struct MovedSandboxCommand: MovedCommand {
    static let configuration = CommandConfiguration(commandName: "sandbox", shouldDisplay: false)
    static let place = "build the sandbox with `swift build --product dynamo-sandbox` and run dynamo-sandbox --port N"

    @Argument(parsing: .captureForPassthrough) var rest: [String] = []
}
