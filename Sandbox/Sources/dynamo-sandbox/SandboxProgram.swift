import ArgumentParser
import Glibc

/// The process around the command: a failure is one line and status 1, wrong usage one line and status 2.
enum SandboxProgram {
    /// Runs the command line and ends the process.
    static func run() async -> Never {
        var command: SandboxCommand
        do {
            let parsed = try SandboxCommand.parseAsRoot()
            // Only the command itself or its help can come out of the parser.
            guard let given = parsed as? SandboxCommand else {
                var other = parsed
                try other.run()
                exit(0)
            }
            command = given
        } catch {
            if SandboxCommand.exitCode(for: error).isSuccess {
                Output.say(SandboxCommand.fullMessage(for: error))
                exit(0)
            }
            let words = SandboxCommand.message(for: error).split(separator: "\n").joined(separator: " ")
            complain("\(words); see dynamo-sandbox --help")
            exit(2)
        }
        do { try await command.run() } catch {
            complain("\(error)")
            exit(1)
        }
        exit(0)
    }

    private static func complain(_ line: String) { Output.complain("dynamo-sandbox: \(line)") }
}
